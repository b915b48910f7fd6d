import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { escapeControls } from '../base/text.ts';
import { askBroker } from '../broker/client.ts';
import type { SessionReport } from '../broker/server.ts';
import { findSession, isInsideSession } from './inside-session.ts';
import { printData, printLine, table } from './output.ts';

const TIMEOUT_MS = 10_000;

/** Says in which session this process is, and what that did so far; 1 outside of any. */
export async function showStatus(json: boolean, environment: Environment): Promise<number> {
  const session = findSession(environment);
  if (session === undefined) {
    // By its parents it is in one, but none of them tells which.
    if (isInsideSession(environment)) throw unknown();
    printLine(json ? JSON.stringify({ session: null }) : 'not in a session');
    return 1;
  }
  const answer = await askBroker(session.socketPath, { type: 'status' }, TIMEOUT_MS);
  if (answer?.type === 'denied') throw new VaultShellError('REFUSED', answer.message);
  if (answer?.type !== 'report') {
    throw new VaultShellError('BROKER', `the session ${session.id} is gone`);
  }
  if (json) {
    printLine(JSON.stringify({ session: JSON.parse(answer.text) }, undefined, 2));
  } else {
    const report: SessionReport = JSON.parse(answer.text);
    printData(asText(report));
  }
  return 0;
}

function unknown(): VaultShellError {
  return new VaultShellError('BROKER', 'in a session, but nothing tells in which');
}

function asText({
  id,
  pid,
  since,
  vault,
  terminal,
  grants,
  denials,
  masked,
}: SessionReport): string {
  const rows: readonly (readonly [string, string])[] = [
    ['session', id],
    ['pid', String(pid)],
    ['since', since],
    ['vault', vault],
    ['output', terminal ? 'terminal' : 'pipes'],
    ['grants', String(grants)],
    ['denials', String(denials)],
    ['masked', String(masked.reduce((sum, { count }) => sum + count, 0))],
  ];
  const head = rows.map(([field, value]) => `${`${field}:`.padEnd(9)}${escapeControls(value)}\n`);
  if (masked.length === 0) return head.join('');
  const counts = masked.map(({ name, form, count }) => [name, form, String(count)]);
  return `${head.join('')}\n${table(['NAME', 'FORM', 'MASKED'], counts)}`;
}
