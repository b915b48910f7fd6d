import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { VaultShellError } from '../base/errors.ts';
import {
  fromPlainError,
  type Answer,
  type Call,
  type FromChild,
  type Snapshot,
  type ToChild,
} from './child-protocol.ts';

/** One child process kept running, whatever happens to it. */
export interface KeptChild {
  /** Asks the child, again as often as it dies before it answers. */
  call(call: Call): Promise<Answer>;
  /** Gives it, and all that follow, the key, which is copied. Calls wait for that. */
  unlock(key: Buffer): void;
  /** Waits for calls, and until the child has closed the vault. */
  close(): Promise<void>;
  readonly pid: number | undefined;
}

/** Deaths in a row, with no answer between them, after which calls fail instead of being repeated. */
const MAX_DEATHS = 5;
/** Between the attempts to get a child running again after that. */
const REST_MS = 1000;
/** More than the child waits for other processes; past it, the child hangs and is replaced. */
const CALL_DEADLINE_MS = 20_000;
const CLOSE_DEADLINE_MS = 2000;

interface Pending {
  readonly call: Call;
  settle(error: VaultShellError | undefined, answer?: Answer): void;
}

/** Starts the child. `onValues` gets every snapshot that differs from the last one known. */
export function keepChild(directory: string, onValues: (snapshot: Snapshot) => void): KeptChild {
  const pending = new Map<number, Pending>();
  const idle = new Set<() => void>();
  let key: Buffer | undefined;
  let child: ChildProcess | undefined;
  /** The child that may have the key. */
  let hardened: ChildProcess | undefined;
  /** The child that has it; calls for one that has it not yet wait. */
  let ready: ChildProcess | undefined;
  let digest: string | undefined;
  let lastId = 0;
  let deaths = 0;
  let closing = false;
  let rest: NodeJS.Timeout | undefined;

  const launch = (): void => {
    clearTimeout(rest);
    const next = startChild();
    child = next;
    next.on('message', (message: FromChild) => receive(next, message));
    next.on('error', () => bury(next));
    next.on('exit', () => bury(next));
  };

  const hand = (next: ChildProcess): void => {
    if (key === undefined) return;
    ready = next;
    send(next, { kind: 'open', directory, key, digest });
    for (const [id, { call }] of pending) send(next, { kind: 'call', id, call });
  };

  const receive = (sender: ChildProcess, message: FromChild): void => {
    switch (message.kind) {
      case 'ready':
        if (sender !== child) return;
        hardened = sender;
        hand(sender);
        return;
      case 'failed':
        giveUp(sender, fromPlainError(message.error));
        return;
      case 'values':
        ({ digest } = message.snapshot);
        onValues(message.snapshot);
        return;
      case 'answer':
        deaths = 0;
        if (message.answer.kind === 'started') ({ digest } = message.answer.snapshot);
        pending.get(message.id)?.settle(undefined, message.answer);
        return;
      case 'refusal':
        deaths = 0;
        pending.get(message.id)?.settle(fromPlainError(message.error));
    }
  };

  /** The child is gone: the next one takes over what it left, unless they keep dying. */
  const bury = (dead: ChildProcess): void => {
    if (dead !== child) return;
    deaths += 1;
    if (deaths > MAX_DEATHS) {
      giveUp(dead, new VaultShellError('VAULT_IO', "the vault's process keeps ending by itself"));
    } else if (!closing || pending.size > 0) {
      launch();
    } else {
      child = undefined;
    }
  };

  /** Fails what waits, and tries again later, for values that change must still be noticed. */
  const giveUp = (useless: ChildProcess, error: VaultShellError): void => {
    if (useless !== child) return;
    child = undefined;
    for (const call of pending.values()) call.settle(error);
    if (!closing) rest = setTimeout(launch, REST_MS).unref();
  };

  const call = (asked: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (closing) throw new VaultShellError('INTERNAL', 'the store is closed');
      const id = (lastId += 1);
      const timer = setTimeout(() => {
        pending
          .get(id)
          ?.settle(new VaultShellError('VAULT_BUSY', "the vault's process does not answer"));
        // Whatever holds it up, it must not commit later what its caller has given up.
        child?.kill('SIGKILL');
      }, CALL_DEADLINE_MS);
      const settle = (error: VaultShellError | undefined, answer?: Answer): void => {
        clearTimeout(timer);
        pending.delete(id);
        if (answer === undefined) reject(error ?? new Error('no answer'));
        else resolve(answer);
        if (pending.size === 0) for (const wake of idle) wake();
      };
      pending.set(id, { call: asked, settle });
      if (child === undefined) launch();
      else if (child === ready) send(child, { kind: 'call', id, call: asked });
    });

  const close = async (): Promise<void> => {
    closing = true;
    clearTimeout(rest);
    if (pending.size > 0) await new Promise<void>((resolve) => idle.add(resolve));
    const last = child;
    child = undefined;
    if (last !== undefined && last === ready) await closeChild(last);
    else last?.kill('SIGKILL');
    key?.fill(0);
  };

  const unlock = (given: Buffer): void => {
    key = Buffer.from(given);
    if (child !== undefined && child === hardened) hand(child);
  };

  launch();
  return {
    call,
    unlock,
    close,
    get pid() {
      return child?.pid;
    },
  };
}

/**
 * The child has a session of its own, so no signal of the terminal reaches it, and an empty environment. The key comes
 * over the channel.
 */
function startChild(): ChildProcess {
  const script = fileURLToPath(new URL('../vault/child-main.js', import.meta.url));
  return spawn(process.execPath, [script], {
    cwd: '/',
    env: {},
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

function send(child: ChildProcess, message: ToChild): void {
  // A child that died meanwhile is noticed by its exit, which also repeats the message.
  if (child.connected) child.send(message, () => undefined);
}

/** By then nothing of the vault is open; the process may take a moment longer to end. */
async function closeChild(child: ChildProcess): Promise<void> {
  if (!child.connected) return;
  const closed = once(child, 'disconnect');
  const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_DEADLINE_MS);
  send(child, { kind: 'close' });
  await closed;
  clearTimeout(timer);
}
