import { mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { exitStatus, type Exit } from '../../src/session/exit.ts';
import { MAIN, type TestVault } from '../support/cli.ts';
import { findProgram } from '../support/programs.ts';
import { openTestTerminal, type TestTerminal } from '../support/terminal.ts';
import type { Row } from './row.ts';
import { removeTree } from '../support/cleanup.ts';

export type Observed =
  | { readonly kind: 'bytes' | 'screens' | 'explained' }
  | { readonly kind: 'not run'; readonly why: string }
  | { readonly kind: 'wrong'; readonly what: string };

interface Sight {
  readonly output: string;
  readonly screens: readonly string[];
  readonly code: number;
}

const KILLED = constants.signals.SIGKILL;

/** On a busy machine a screen may be looked at before it is finished; what differs in earnest does so each time. */
const ATTEMPTS = 3;

/** Runs a row both ways and compares. */
export async function observe(vault: TestVault, row: Row): Promise<Observed> {
  const needed = [row.command[0] ?? '', ...(row.needs ?? [])];
  const absent = needed.filter((name) => findProgram(name) === undefined);
  if (absent.length > 0) return { kind: 'not run', why: `${absent.join(', ')} is not installed` };
  for (let attempt = 1; ; attempt++) {
    const observed = judge(row, await run(vault, row, 'bare'), await run(vault, row, 'session'));
    if (observed.kind !== 'wrong' || attempt === ATTEMPTS) return observed;
  }
}

async function run(vault: TestVault, row: Row, way: 'bare' | 'session'): Promise<Sight> {
  const directory = path.join(vault.home, row.name.replaceAll(/\W+/g, '-'));
  mkdirSync(directory);
  row.prepare?.(directory);
  const [program = '', ...args] = row.command;
  const file = findProgram(program) ?? program;
  const environment: Record<string, string> = {
    ...vault.environment,
    HOME: directory,
    ...row.environment,
  };
  if (way === 'bare') {
    delete environment['VAULT_SHELL_DIR'];
    delete environment['VAULT_SHELL_HEXKEY'];
  }
  const bare = [file, ...args];
  const command = way === 'bare' ? bare : [process.execPath, MAIN, '--', ...bare];
  const terminal = openTestTerminal({
    file: '/bin/sh',
    args: ['-c', `${row.before ?? ':'}; exec "$@"`, 'sh', ...(row.within?.(command) ?? command)],
    environment,
    cwd: directory,
    ...row.size,
    answers: true,
  });
  const screens: string[] = [];
  const look = async (wanted: RegExp): Promise<void> =>
    void screens.push(await terminal.see(wanted));
  try {
    await row.play?.({
      ...terminal,
      look,
      async type(text, wanted) {
        terminal.send(text);
        await look(wanted);
      },
    });
    const code = exitStatus(await endOf(terminal));
    screens.push(await terminal.snapshot());
    return { output: terminal.output().toString('latin1'), screens, code };
  } catch (error) {
    throw new Error(`${row.name}, ${way}`, { cause: error });
  } finally {
    await terminal.close();
    removeTree(directory);
  }
}

/** A program that was told to end has done so by then. */
const GIVE_UP_MS = 60_000;

async function endOf(terminal: TestTerminal): Promise<Exit> {
  const timer = setTimeout(() => terminal.kill('SIGKILL'), GIVE_UP_MS);
  const exit = await terminal.done;
  clearTimeout(timer);
  if (exit.signal !== KILLED) return exit;
  throw new Error(`it did not end; the screen is ${JSON.stringify(await terminal.screen())}`);
}

function judge(row: Row, bare: Sight, session: Sight): Observed {
  const { expected, apart } = row;
  const mask = apart?.mask ?? ((text: string) => text);
  if (bare.code !== session.code) return wrong(`exit code ${bare.code}`, String(session.code));
  if (typeof expected === 'object') {
    if (!expected.bare.test(bare.output)) return wrong(String(expected.bare), bare.output);
    if (!expected.session.test(session.output))
      return wrong(String(expected.session), session.output);
    return { kind: 'explained' };
  }
  for (const [at, screen] of bare.screens.entries()) {
    const [one, other] = [mask(screen), mask(session.screens[at] ?? '')];
    if (one !== other) return differs(`screen ${at}`, one, other);
  }
  const [one, other] = [mask(bare.output), mask(session.output)];
  if (one === other) return { kind: 'bytes' };
  return expected === 'screens' ? { kind: 'screens' } : differs('bytes', one, other);
}

function differs(where: string, one: string, other: string): Observed {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const around = (text: string): string =>
    JSON.stringify(text.slice(Math.max(0, at - 60), at + 100));
  return wrong(`${where}: ${around(one)}`, around(other));
}

function wrong(bare: string, session: string): Observed {
  return { kind: 'wrong', what: `${bare} bare, ${session} in a session` };
}
