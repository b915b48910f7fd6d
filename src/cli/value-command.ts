import { fstatSync } from 'node:fs';
import { VaultShellError } from '../base/errors.ts';
import { closeDebugger } from '../base/hardening.ts';
import { isName } from '../base/placeholder.ts';
import type { Environment } from '../base/paths.ts';
import { askBroker } from '../broker/client.ts';
import { isSessionOutput } from '../broker/output-file.ts';
import { EXPOSURE } from '../broker/protocol.ts';
import { ENTRY } from './entry.ts';
import { printData } from './output.ts';

/**
 * Writes a value to the program that reads our stdout, and to nothing else. The session's broker decides, as
 * for the hook: its row is committed first. Throws DENIED.
 */
export async function writeValue(name: string, environment: Environment): Promise<number> {
  if (!isName(name)) throw new VaultShellError('USAGE', `${name} is not a name of a secret`);
  const hint = `vault-shell value ${name} | program`;
  const socketPath = environment['VAULT_SHELL_SOCKET'];
  const session = environment['VAULT_SHELL_SESSION'];
  if (socketPath === undefined || session === undefined) {
    throw new VaultShellError('DENIED', 'value works inside a session only', {
      hint: `vault-shell -c '${hint}'`,
    });
  }
  const stdout = fstatSync(1);
  if (!stdout.isFIFO() && !stdout.isSocket()) {
    throw new VaultShellError('DENIED', 'value writes into a pipe only', { hint });
  }
  if (isSessionOutput(socketPath, 1)) {
    throw new VaultShellError('DENIED', "value does not write into the session's output", { hint });
  }
  closeDebugger();
  const answer = await askBroker(socketPath, {
    type: 'resolve',
    pid: process.pid,
    ppid: process.ppid,
    flags: 0,
    session,
    cwd: process.cwd(),
    // By this a policy knows it: a path, so that no file of that name elsewhere passes for it.
    program: ENTRY,
    argv: ['vault-shell', 'value', name],
    names: [name],
    exposures: [EXPOSURE.STDIN],
  });
  if (answer?.type === 'denied') throw new VaultShellError('DENIED', answer.message);
  const value = answer?.type === 'values' ? answer.values[0] : undefined;
  if (value === undefined) {
    throw new VaultShellError('DENIED', "the session's broker gave no answer; nothing was written");
  }
  printData(value.reveal());
  return 0;
}
