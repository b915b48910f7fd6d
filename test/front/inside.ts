import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MAIN, type Outcome, type TestVault } from '../support/cli.ts';

const AGENT = fileURLToPath(new URL('fixtures/agent.js', import.meta.url));

export interface Asked {
  readonly id: number;
  readonly file: string;
  readonly args: readonly string[];
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A session with an agent in it, which runs commands there. */
export interface Inside {
  readonly session: ChildProcess;
  run(
    file: string,
    args: readonly string[],
    options?: { input?: string; env?: Record<string, string>; cwd?: string },
  ): Promise<Outcome>;
  close(): Promise<void>;
}

/** The front end by its name. */
export function front(name: string): string {
  return fileURLToPath(new URL(`../../shell/${name}`, import.meta.url));
}

export function openInside(vault: TestVault): Inside {
  const session = spawn(process.execPath, [MAIN, '--', process.execPath, AGENT], {
    env: vault.environment,
    cwd: vault.home,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = new Map<number, (outcome: Outcome) => void>();
  createInterface({ input: session.stdout }).on('line', (line) => {
    const told: Outcome & { id: number } = JSON.parse(line);
    const plain = (text: string): string => disguise(Buffer.from(text, 'base64')).toString();
    const { code, stdout, stderr } = told;
    waiting.get(told.id)?.({ code, stdout: plain(stdout), stderr: plain(stderr) });
    waiting.delete(told.id);
  });
  let last = 0;
  return {
    session,
    run(file, args, { input = '', env = {}, cwd = vault.home } = {}) {
      const asked: Asked = { id: ++last, file, args, input, env, cwd };
      return new Promise((resolve) => {
        waiting.set(asked.id, resolve);
        session.stdin.write(`${JSON.stringify(asked)}\n`);
      });
    },
    async close() {
      if (session.exitCode !== null || session.signalCode !== null) return;
      const ended = once(session, 'exit');
      session.stdin.end();
      await ended;
    },
  };
}

/** Changes every byte, in a way that no form of a value has; twice gives it back. */
export function disguise(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0x55));
}

/** The path that leads to a shell from a directory of links, as some agents are given it. */
export function shimPath(vault: TestVault): string {
  return `${path.join(vault.home, 'shims')}:${vault.environment['PATH'] ?? ''}`;
}
