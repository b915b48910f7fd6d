import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MAIN, makeVault, type TestVault } from '../support/cli.ts';
import { openTestTerminal } from '../support/terminal.ts';
import { outputsOf } from './marks.ts';
import { PEM, SPECIAL, TOKEN, TWO_CHARACTERS, VECTORS } from './vectors.ts';

const EMITTER = fileURLToPath(new URL('emitter.js', import.meta.url));
const COMMAND = `'${process.execPath}' '${EMITTER}'`;

export interface Observed {
  /** What came out for each vector. */
  readonly pipe: readonly Buffer[];
  readonly terminal: readonly Buffer[];
  /** `set` said no to the value of two characters, and why. */
  readonly shortRefused: boolean;
}

/** Runs all vectors in real sessions, with a real vault that holds the values. */
export async function observe(): Promise<Observed> {
  const vault = await makeVault();
  try {
    await vault.set('token', TOKEN);
    await vault.set('special', SPECIAL);
    await vault.set('pem', PEM);
    const refusal = await vault.run(['set', 'short', '--allow-weak'], { input: TWO_CHARACTERS });
    return {
      shortRefused: refusal.code === 1 && /shorter than \d+ bytes/.test(refusal.stderr),
      pipe: outputsOf(await inPipe(vault), VECTORS.length),
      terminal: outputsOf(await inTerminal(vault), VECTORS.length),
    };
  } finally {
    vault.remove();
  }
}

/** As a tool runs it: output read from a pipe, as it comes. */
async function inPipe(vault: TestVault): Promise<Buffer> {
  const child = spawn(process.execPath, [MAIN, '-c', COMMAND], {
    env: vault.environment,
    cwd: vault.home,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the session in a pipe ended with ${code}`);
  return Buffer.concat(chunks);
}

/** As a person has it: the session's own output is a terminal, wide enough to fold nothing. */
async function inTerminal(vault: TestVault): Promise<Buffer> {
  const terminal = openTestTerminal({
    file: process.execPath,
    args: [MAIN, '-c', COMMAND],
    environment: vault.environment,
    cwd: vault.home,
  });
  try {
    const exit = await terminal.done;
    if (exit.code !== 0) throw new Error(`the session in a terminal ended with ${exit.code}`);
    return terminal.output();
  } finally {
    await terminal.close();
  }
}
