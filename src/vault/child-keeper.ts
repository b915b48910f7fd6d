import { VaultShellError } from '../base/errors.ts';
import { openChannel, type Channel } from './child-channel.ts';
import { startProcess, type VaultProcess } from './child-process.ts';
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
  /** Of those that Node reaps: undefined when somebody else has started the one that runs. */
  readonly nodesPid: number | undefined;
}

interface Child extends VaultProcess {
  readonly channel: Channel<ToChild>;
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

/** Keeps the child that was started, or another. `onValues` gets every snapshot that differs from the last one known. */
export function keepChild(
  first: VaultProcess,
  directory: string,
  onValues: (snapshot: Snapshot) => void,
): KeptChild {
  const pending = new Map<number, Pending>();
  const idle = new Set<() => void>();
  let key: Buffer | undefined;
  let child: Child | undefined;
  /** The child that may have the key. */
  let hardened: Child | undefined;
  /** The child that has it; calls for one that has it not yet wait. */
  let ready: Child | undefined;
  let digest: string | undefined;
  let lastId = 0;
  let deaths = 0;
  let closing = false;
  let rest: NodeJS.Timeout | undefined;

  const take = (started: VaultProcess): void => {
    const channel = openChannel<FromChild, ToChild>(started.socket, {
      onMessage: (message) => receive(next, message),
      onClose: () => bury(next),
    });
    const next: Child = { ...started, channel };
    child = next;
  };
  const launch = (): void => {
    clearTimeout(rest);
    take(startProcess());
  };

  const hand = (next: Child): void => {
    const { channel } = next;
    if (key === undefined) return;
    ready = next;
    channel.send({ kind: 'open', directory, key, digest });
    for (const [id, { call }] of pending) channel.send({ kind: 'call', id, call });
  };

  const receive = (sender: Child, message: FromChild): void => {
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
  const bury = (dead: Child): void => {
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
  const giveUp = (useless: Child, error: VaultShellError): void => {
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
        child?.kill();
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
      else if (child === ready) child.channel.send({ kind: 'call', id, call: asked });
    });

  const close = async (): Promise<void> => {
    closing = true;
    clearTimeout(rest);
    if (pending.size > 0) await new Promise<void>((resolve) => idle.add(resolve));
    const last = child;
    child = undefined;
    if (last !== undefined && last === ready) await closeChild(last);
    else last?.kill();
    key?.fill(0);
  };

  const unlock = (given: Buffer): void => {
    key = Buffer.from(given);
    if (child !== undefined && child === hardened) hand(child);
  };

  take(first);
  return {
    call,
    unlock,
    close,
    get pid() {
      return child?.pid;
    },
    get nodesPid() {
      return child?.isNodes === true ? child.pid : undefined;
    },
  };
}

/** By then nothing of the vault is open; the process may take a moment longer to end. */
async function closeChild({ channel, socket, kill }: Child): Promise<void> {
  if (!channel.isOpen()) return;
  // Not `once`, which rejects for an error: it may end without having read all.
  const closed = new Promise((resolve) => void socket.once('close', resolve));
  const timer = setTimeout(kill, CLOSE_DEADLINE_MS);
  channel.send({ kind: 'close' });
  await closed;
  clearTimeout(timer);
}
