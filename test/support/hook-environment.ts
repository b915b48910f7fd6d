import { execFileSync, spawn, type SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemCode } from '../../src/base/errors.ts';
import { native } from '../../src/base/native.ts';
import { startBroker, type Broker } from '../../src/broker/server.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { removeTree } from './cleanup.ts';

/** The package's root, seen from dist/test/support. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const LIBRARY = path.join(ROOT, 'dist/shell/libvault-hook.so');

/** Builds the hook as `npm run build` does; quick when it is there already. */
export function buildHook(): string {
  execFileSync('make', ['-s', '-C', path.join(ROOT, 'shell')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return LIBRARY;
}

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** As a shell says it: 128+N for signal N is not made up here, see `signal`. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly pid: number;
}

/** A session without its terminal: a broker in this process, and what a child's environment needs. */
export interface HookSession {
  readonly directory: string;
  readonly session: string;
  readonly store: MemoryStore;
  readonly broker: Broker;
  readonly released: string[];
  readonly greeted: number[];
  /** The value of every secret, for "does not contain". */
  readonly environment: Record<string, string>;
  welcome: boolean;
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Ended>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Called with the pid as soon as there is one. */
  readonly onStart?: (pid: number) => void;
}

/** Starts one; its first processes are children of the test process, as a session's shell is of the session. */
export async function startHookSession(
  values: Readonly<Record<string, string>>,
): Promise<HookSession> {
  const library = buildHook();
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-hook-'));
  const session = `${process.pid}-${randomBytes(8).toString('hex')}`;
  const store = createMemoryStore(values);
  const released: string[] = [];
  const greeted: number[] = [];
  const broker = await startBroker({
    directory,
    session,
    store,
    onRelease(secrets) {
      store.log.push('release');
      released.push(...secrets.map(({ value }) => value.reveal()));
    },
    redactText(text) {
      let result = text;
      for (const value of store.values.values()) result = result.replaceAll(value, '***');
      return result;
    },
    system: native(),
    onHello(pid) {
      greeted.push(pid);
      return hookSession.welcome;
    },
  });
  // As until the first program of a session is there: a first process says hello.
  writeFileSync(path.join(directory, 'starting'), '');
  const environment = {
    PATH: openPath(),
    HOME: directory,
    LANG: 'C.UTF-8',
    VAULT: '$VAULT',
    VAULT_FILE: '$VAULT_FILE',
    VAULT_SHELL_SOCKET: broker.socketPath,
    VAULT_SHELL_SESSION: session,
    LD_PRELOAD: library,
  };
  const hookSession: HookSession = {
    directory,
    session,
    store,
    broker,
    released,
    greeted,
    environment,
    welcome: true,
    async run(program, args, options = {}) {
      const env: NodeJS.ProcessEnv = { ...environment, ...options.env };
      const ended = await runProgram(program, args, { ...options, env });
      broker.recordExit(ended.pid, ended.code ?? 255);
      return ended;
    },
    async close() {
      await broker.close();
      removeTree(directory);
    },
  };
  return hookSession;
}

async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Ended> {
  const spawnOptions: SpawnOptions = { env: options.env, cwd: options.cwd, stdio: 'pipe' };
  const child = spawn(program, args, spawnOptions);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  const pid = child.pid ?? -1;
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signalName) => resolve([exitCode, signalName]));
    },
  );
  return {
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
    code,
    signal,
    pid,
  };
}

/** PATH without the directories that are closed to this user: with one, a missing program is EACCES. */
function openPath(): string {
  const directories = (process.env['PATH'] ?? '/usr/bin:/bin').split(':');
  return directories.filter(isOpen).join(':');
}

function isOpen(directory: string): boolean {
  try {
    accessSync(directory, constants.X_OK);
    return true;
  } catch (error) {
    return systemCode(error) !== 'EACCES';
  }
}
