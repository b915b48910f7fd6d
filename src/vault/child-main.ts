import { createHmac } from 'node:crypto';
import { hardenProcess } from '../base/hardening.ts';
import { checkHead, hasHead, keepHead } from './audit-head.ts';
import {
  toPlainError,
  type Answer,
  type Call,
  type FromChild,
  type Snapshot,
  type ToChild,
} from './child-protocol.ts';
import { closeVault, openVault, type OpenVault } from './open.ts';
import { readValues } from './secrets.ts';
import type { GrantStore } from './types.ts';
import { watchVault } from './watch.ts';
import { createWriteQueue } from './write-queue.ts';

/**
 * The process that does the database work of a long session, so that a crash of the engine is not the
 * session's. It lives as long as the channel to its parent: nothing else keeps its event loop alive.
 */

let writes: GrantStore | undefined;
let ready: Promise<OpenVault> | undefined;
let salt: Uint8Array = new Uint8Array();
let digest: string | undefined;
let stopWatching: (() => void) | undefined;
let keeping: NodeJS.Timeout | undefined;

/** How far behind the log its head in vault.json may be while the session goes on. */
const KEEP_HEAD_MS = 10_000;

process.on('message', (message: ToChild) => {
  if (message.kind === 'open') {
    ready = open(message);
    return;
  }
  void handle(message.id, message.call);
});

process.on('disconnect', () => {
  stopWatching?.();
  void ready?.then(close, () => undefined);
});

async function close(vault: OpenVault): Promise<void> {
  if (keeping !== undefined) await keepHeadNow(vault);
  await closeVault(vault);
}

/** Not at every row: it costs two writes to the disk, and grants would wait for it. */
function keepHeadSoon(vault: OpenVault): void {
  keeping ??= setTimeout(() => void keepHeadNow(vault), KEEP_HEAD_MS).unref();
}

async function keepHeadNow(vault: OpenVault): Promise<void> {
  clearTimeout(keeping);
  keeping = undefined;
  // It is a little more behind then; the next row, or another process, sees to it.
  await keepHead(vault).catch(() => undefined);
}

announce();

/** The key is asked for once nobody of the same user can read it in this process. */
function announce(): void {
  try {
    hardenProcess();
    send({ kind: 'ready' });
  } catch (error) {
    send({ kind: 'failed', error: toPlainError(error) });
    process.disconnect();
  }
}

async function open(message: Extract<ToChild, { kind: 'open' }>): Promise<OpenVault> {
  try {
    const vault = openVault(message.directory, Buffer.from(message.key), { lingers: true });
    message.key.fill(0);
    ({ salt, digest } = message);
    await reportValues(vault);
    stopWatching = watchVault(message.directory, () => reportWhenRead(vault));
    return vault;
  } catch (error) {
    send({ kind: 'failed', error: toPlainError(error) });
    process.disconnect();
    throw error;
  }
}

async function reportValues(vault: OpenVault): Promise<void> {
  const snapshot = await takeSnapshot(vault);
  if (snapshot.digest === digest) return;
  digest = snapshot.digest;
  send({ kind: 'values', snapshot });
}

async function reportWhenRead(vault: OpenVault): Promise<void> {
  try {
    await reportValues(vault);
  } catch {
    // Busy or damaged: the session's next call says so, and the next change is read again.
  }
}

async function handle(id: number, call: Call): Promise<void> {
  try {
    const vault = await ready;
    // Without a parent nobody waits for the answer: what has not begun is not done.
    if (vault === undefined || !process.connected) return;
    send({ kind: 'answer', id, answer: await perform(vault, call) });
  } catch (error) {
    send({ kind: 'refusal', id, error: toPlainError(error) });
  }
}

async function perform(vault: OpenVault, call: Call): Promise<Answer> {
  writes ??= createWriteQueue(vault);
  switch (call.op) {
    case 'rules':
      return { kind: 'rules', rules: await writes.rules(call.names) };
    case 'grant': {
      const result = await writes.grant(call.request);
      if (result.kind === 'changed') return result;
      keepHeadSoon(vault);
      if (result.kind === 'unknown') return result;
      return { kind: 'granted', values: result.values.map((value) => value.reveal()) };
    }
    case 'deny':
      await writes.deny(call.request);
      keepHeadSoon(vault);
      return { kind: 'done' };
    case 'postApproval':
      await writes.postApproval(call.pending);
      return { kind: 'done' };
    case 'withdrawApproval':
      await writes.withdrawApproval(call.approval);
      return { kind: 'done' };
    case 'verdictOf':
      return { kind: 'verdict', verdict: await writes.verdictOf(call.approval) };
    case 'recordExit':
      await writes.recordExit(call.operation, call.exitCode);
      return { kind: 'done' };
    case 'keepHead':
      await keepHeadNow(vault);
      return { kind: 'done' };
    case 'hasHead':
      return { kind: 'has', has: await hasHead(vault, call.head) };
    case 'checkHead':
      return { kind: 'checked', trouble: await checkHead(vault) };
    case 'values':
      break;
  }
  const snapshot = await takeSnapshot(vault);
  ({ digest } = snapshot);
  return { kind: 'values', snapshot };
}

async function takeSnapshot(vault: OpenVault): Promise<Snapshot> {
  const values = (await readValues(vault)).map(({ name, value }) => ({
    name,
    value: value.reveal(),
  }));
  const hmac = createHmac('sha256', salt).update(JSON.stringify(values));
  return { values, digest: hmac.digest('base64') };
}

function send(message: FromChild): void {
  // The parent may go at any moment; then there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
