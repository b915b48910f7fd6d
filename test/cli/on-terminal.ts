import { installIn, MAIN, type TestVault } from '../support/cli.ts';
import { openTestTerminal, type TestTerminal } from '../support/terminal.ts';

/** Gives what `--json` printed; the caller says what that is, and its assertions find out. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- JSON.parse with a name for it
export function readJson<T>(text: string): T {
  return JSON.parse(text) as T;
}

export interface TerminalOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts vault-shell in a terminal of its own, as a person does; the caller closes it. */
export function openOnTerminal(
  place: TestVault,
  { args, env = {} }: TerminalOptions,
): TestTerminal {
  return openTestTerminal({
    file: process.execPath,
    args: [MAIN, ...args],
    environment: { ...place.environment, ...env },
    cwd: place.home,
    columns: 100,
  });
}

/** A person's own shell in a terminal, with `vault-shell` in its PATH, waiting at its prompt `outer$ `. */
export async function openOuterShell(
  place: TestVault,
  env: Readonly<Record<string, string>> = {},
): Promise<TestTerminal> {
  const terminal = openTestTerminal({
    file: '/bin/sh',
    environment: {
      ...place.environment,
      PATH: installIn(place),
      PS1: 'outer$ ',
      ...env,
    },
    cwd: place.home,
    columns: 100,
  });
  await terminal.waitFor('outer$ ');
  return terminal;
}

/** The lines a person can read, without blanks at their ends. */
export async function linesOf(terminal: TestTerminal): Promise<string[]> {
  return (await terminal.screen()).split('\n').map((line) => line.trimEnd());
}

/** Runs `use` with a terminal and closes it whatever happens. */
export async function withTerminal<T>(
  terminal: TestTerminal,
  use: (terminal: TestTerminal) => Promise<T>,
): Promise<T> {
  try {
    return await use(terminal);
  } finally {
    await terminal.close();
  }
}
