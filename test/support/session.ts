import { MAIN, type TestVault } from './cli.ts';
import { openTestTerminal, type TestTerminal } from './terminal.ts';

export const PROMPT = 'ready> ';

export interface TestSession extends TestTerminal {
  /** Types a line and gives what came before the next prompt, the echo of the line not included. */
  type(line: string): Promise<string>;
}

/** Opens an interactive session in a terminal, as a person does, and waits for its prompt. */
export async function openSession(
  vault: TestVault,
  options: { args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<TestSession> {
  const terminal = openTestTerminal({
    file: process.execPath,
    args: [MAIN, ...(options.args ?? ['--shell', '/bin/sh'])],
    environment: { ...vault.environment, PS1: PROMPT, ...options.env },
    cwd: vault.home,
    columns: 100,
    rows: 30,
  });
  try {
    await terminal.waitFor(PROMPT);
  } catch (error) {
    await terminal.close();
    throw error;
  }
  return {
    ...terminal,
    async type(line): Promise<string> {
      terminal.send(`${line}\r`);
      await terminal.waitFor('\n');
      const output = await terminal.waitFor(PROMPT);
      return output.slice(0, -PROMPT.length).replaceAll('\r\n', '\n');
    },
  };
}
