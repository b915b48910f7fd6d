import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeTree } from './cleanup.ts';

export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Outcome {
  /** Exit code; 128+N when signal N ended the program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface TestVault {
  /** A temporary directory that holds everything; it is the HOME and working directory of what runs. */
  readonly home: string;
  readonly directory: string;
  readonly environment: Record<string, string>;
  /** Runs vault-shell with pipes for stdin, stdout and stderr. */
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** As `run`, but anything but exit code 0 throws; gives stdout. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  set(name: string, value: string): Promise<void>;
  audit(): Promise<readonly AuditEntry[]>;
  remove(): void;
}

export interface AuditEntry {
  readonly id: number;
  readonly ts: string;
  readonly secrets: readonly string[];
  readonly command: string;
  readonly cwd: string;
  readonly exit_code: number | null;
  readonly outcome: string;
}

/** Makes a place for a vault without making the vault. */
export function makePlace(): TestVault {
  const home = mkdtempSync(path.join(tmpdir(), 'vault-shell-test-'));
  const directory = path.join(home, 'vault');
  mkdirSync(path.join(home, 'bin'));
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    LANG: 'C.UTF-8',
    SHELL: '/bin/sh',
    TERM: 'xterm-256color',
    XDG_RUNTIME_DIR: home,
    TMPDIR: home,
    VAULT_SHELL_DIR: directory,
    VAULT_SHELL_HEXKEY: randomBytes(32).toString('hex'),
  };
  const place: TestVault = {
    home,
    directory,
    environment,
    run: (args, options = {}) => runProgram(process.execPath, [MAIN, ...args], place, options),
    async ok(args, options): Promise<string> {
      const outcome = await place.run(args, options);
      if (outcome.code !== 0) {
        throw new Error(
          `vault-shell ${args.join(' ')} ended with ${String(outcome.code)}: ${outcome.stderr}`,
        );
      }
      return outcome.stdout;
    },
    async set(name, value): Promise<void> {
      await place.ok(['set', name], { input: value });
    },
    async audit(): Promise<readonly AuditEntry[]> {
      const rows: readonly AuditEntry[] = JSON.parse(await place.ok(['audit', '--json']));
      return rows;
    },
    remove: () => removeTree(home),
  };
  return place;
}

/** Makes a vault of its own that unlocks by VAULT_SHELL_HEXKEY. */
export async function makeVault(initArguments: readonly string[] = []): Promise<TestVault> {
  const vault = makePlace();
  await vault.ok(['init', '--key', 'hexkey', ...initArguments]);
  return vault;
}

export function runProgram(
  file: string,
  args: readonly string[],
  place: Pick<TestVault, 'environment' | 'home'>,
  options: RunOptions,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const env = { ...place.environment, ...options.env };
    // In a session of its own: nothing may find, and ask on, the terminal that the tests are run in.
    const child = spawn(file, args, { env, cwd: options.cwd ?? place.home, detached: true });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({
        code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'],
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
    child.stdin.on('error', () => undefined); // the program may not read its input
    child.stdin.end(options.input ?? '');
  });
}

/** Puts `vault-shell` into the place's PATH and gives that PATH. */
export function installIn({ home, environment }: TestVault): string {
  const directory = path.join(home, 'bin');
  writeFileSync(
    path.join(directory, 'vault-shell'),
    `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`,
    { mode: 0o755 },
  );
  return `${directory}:${environment['PATH'] ?? ''}`;
}

/**
 * A value with no meaning, not weak, 24 characters. All its forms begin with the same letters each time, the reversed ones too:
 * what is held back at the end of an output does not depend on chance.
 */
export function randomValue(): string {
  return `tok_${randomBytes(15).toString('base64url').slice(1)}Q`;
}
