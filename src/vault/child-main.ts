import { createHmac } from 'node:crypto';
import { Socket } from 'node:net';
import { hardenProcess } from '../base/hardening.ts';
import { boundYoungGeneration } from '../base/v8.ts';
import { checkHeadIn, hasHead, keepHead } from './audit-head.ts';
import { CHANNEL_FD, openChannel } from './child-channel.ts';
import {
  toPlainError,
  type Answer,
  type Call,
  type FromChild,
  type Snapshot,
  type ToChild,
} from './child-protocol.ts';
import { loadEngine, type Database } from './engine.ts';
import { closeVault, openVault, READ, withDatabase, type OpenVault } from './open.ts';
import { readValuesIn } from './secrets.ts';
import type { GrantStore } from './types.ts';
import { look, watchVault, type Look } from './watch.ts';
import { createWriteQueue } from './write-queue.ts';

/**
 * The process that does the database work of a long session, so that a crash of the engine is not the
 * session's. It lives as long as the channel to its session: nothing else keeps its event loop alive.
 */

let writes: GrantStore | undefined;
let ready: Promise<OpenVault> | undefined;
let digest: string | undefined;
let stopWatching: (() => void) | undefined;
let keeping: NodeJS.Timeout | undefined;

/** How far behind the log its head in vault.json may be while the session goes on. */
const KEEP_HEAD_MS = 10_000;

const channel = openChannel<ToChild, FromChild>(new Socket({ fd: CHANNEL_FD }), {
  onMessage(message) {
    switch (message.kind) {
      case 'open':
        ready = open(message);
        return;
      case 'call':
        void handle(message.id, message.call);
        return;
      case 'close':
        void close().finally(() => channel.end());
    }
  },
  onClose: () => void close(),
});

async function close(): Promise<void> {
  stopWatching?.();
  const vault = await ready?.catch(() => undefined);
  if (vault === undefined) return;
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
    channel.send({ kind: 'ready' });
    // While the key is on its way. If it cannot be loaded, the first call says so.
    loadEngine().catch(() => undefined);
  } catch (error) {
    channel.send({ kind: 'failed', error: toPlainError(error) });
    channel.end();
  }
}

async function open(message: Extract<ToChild, { kind: 'open' }>): Promise<OpenVault> {
  try {
    const vault = openVault(message.directory, Buffer.from(message.key), { lingers: true });
    message.key.fill(0);
    ({ digest } = message);
    // A session that knows none yet asks for them with its first call.
    if (digest !== undefined) {
      const before = look(vault.directory);
      await reportValues(vault);
      watchFrom(before, vault);
    }
    boundYoungGeneration();
    return vault;
  } catch (error) {
    channel.send({ kind: 'failed', error: toPlainError(error) });
    channel.end();
    throw error;
  }
}

function watchFrom(before: Look, vault: OpenVault): void {
  stopWatching?.();
  stopWatching = watchVault(vault.directory, before, () => reportWhenRead(vault));
}

async function reportValues(vault: OpenVault): Promise<void> {
  const snapshot = await withDatabase(vault, (database) => takeSnapshot(database, vault.key), READ);
  if (snapshot.digest === digest) return;
  digest = snapshot.digest;
  channel.send({ kind: 'values', snapshot });
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
    if (vault === undefined || !channel.isOpen()) return;
    channel.send({ kind: 'answer', id, answer: await perform(vault, call) });
  } catch (error) {
    channel.send({ kind: 'refusal', id, error: toPlainError(error) });
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
    case 'start':
      return start(vault);
    default:
      return call satisfies never;
  }
}

/** One opening of the file for all of it: a person waits. */
async function start(vault: OpenVault): Promise<Answer> {
  const read = async (database: Database): Promise<Extract<Answer, { kind: 'started' }>> => ({
    kind: 'started',
    snapshot: await takeSnapshot(database, vault.key),
    trouble: await checkHeadIn(database, vault.directory),
  });
  const before = look(vault.directory);
  const answer = await withDatabase(vault, read, READ);
  ({ digest } = answer.snapshot);
  // Once the answer is on its way.
  setImmediate(() => watchFrom(before, vault));
  return answer;
}

async function takeSnapshot(database: Database, key: Buffer): Promise<Snapshot> {
  const values = (await readValuesIn(database)).map(({ name, value }) => ({
    name,
    value: value.reveal(),
  }));
  const hmac = createHmac('sha256', key).update(JSON.stringify(['snapshot', values]));
  return { values, digest: hmac.digest('base64') };
}
