import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CHANNEL_FD } from './child-channel.ts';

/** A process that runs child-main.ts. */
export interface VaultProcess {
  /** Undefined when it could not be started; then the socket is closed. */
  readonly pid: number | undefined;
  /** Whether Node reaps it. */
  readonly isNodes: boolean;
  /** To talk to it (child-channel.ts). It closes when the process ends. */
  readonly socket: Duplex;
  /** SIGKILL; nothing once it has ended. */
  readonly kill: () => void;
}

/**
 * The process has a session of its own, so no signal of the terminal reaches it, and an empty environment. The key comes
 * over the socket.
 */
export function startProcess(): VaultProcess {
  const script = fileURLToPath(new URL('../vault/child-main.js', import.meta.url));
  const child = spawn(process.execPath, [script], {
    cwd: '/',
    env: {},
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const socket = child.stdio[CHANNEL_FD];
  if (!(socket instanceof Duplex)) throw new TypeError('no socket to the process');
  child.on('error', () => socket.destroy());
  return { pid: child.pid, isNodes: true, socket, kill: () => void child.kill('SIGKILL') };
}
