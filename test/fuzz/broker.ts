import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  decodeRequest,
  encodeRequest,
  FLAG,
  LENGTH_BYTES,
  TYPE,
} from '../../src/broker/protocol.ts';
import { startBroker, type Broker } from '../../src/broker/server.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { randomValue } from '../support/cli.ts';
import { seededRandom } from '../support/random.ts';
import { makeFrame, type Sender } from './frames.ts';
import { removeTree } from '../support/cleanup.ts';

const AT_ONCE = 32;
/** The store's rows are counted and thrown away. */
const KEEP_ROWS = 10_000;
const MAX_GROWTH_BYTES = 256 * 1024 * 1024;

/**
 * Sends `count` frames to a real broker, each on a connection of its own, and gives how many it answered with values.
 * Throws when one that is no request of its sender gets them, or when the broker does not answer a good one afterwards.
 */
export async function fuzzBroker(count: number, seed: number): Promise<number> {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-fuzz-'));
  const names = ['one', 'two', 'three'];
  const values = new Map(names.map((name) => [name, randomValue()]));
  const store = createMemoryStore(Object.fromEntries(values));
  // The sender is a child of the session, whichever process that is.
  const sender: Sender = { session: `${process.pid}-ab`, pid: 70_001, ppid: process.pid, names };
  const uid = process.geteuid?.() ?? 0;
  const broker = await startBroker({
    directory,
    session: sender.session,
    store,
    onRelease: () => undefined,
    redactText: (text) => text,
    system: {
      peerCredentials: () => ({ pid: sender.pid, uid, gid: 0 }),
      parentOf: () => sender.ppid,
    },
    onHello: () => true,
    names: () => names,
  });
  const before = process.memoryUsage().rss;
  let released = 0;
  let left = count;
  const work = async (worker: number): Promise<void> => {
    const random = seededRandom(seed * AT_ONCE + worker);
    while (left > 0) {
      left -= 1;
      const frame = makeFrame(random, sender);
      const answer = await exchange(broker, frame);
      if (store.rows.length > KEEP_ROWS) store.rows.length = 0;
      const got = [...values.values()].some((value) => answer.includes(value));
      if (!got && answer[LENGTH_BYTES + 1] !== TYPE.VALUES) continue;
      assert.ok(isGood(frame, sender), `released for ${frame.toString('hex')}`);
      released += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, worker) => work(worker)));
    const answer = await exchange(broker, encodeRequest(goodRequest(sender)));
    assert.equal(answer[LENGTH_BYTES + 1], TYPE.VALUES, 'it still answers');
    assert.ok(process.memoryUsage().rss - before < MAX_GROWTH_BYTES, 'it keeps no memory');
  } finally {
    await broker.close();
    removeTree(directory);
  }
  return released;
}

function goodRequest({ session, pid, ppid }: Sender): Parameters<typeof encodeRequest>[0] {
  const what = { cwd: '/', program: '/bin/x', argv: ['x'], names: ['one'], exposures: [1] };
  return { type: 'resolve', pid, ppid, flags: 0, session, ...what };
}

/** Whether these bytes are one whole request for values that its sender may make. */
function isGood(frame: Buffer, sender: Sender): boolean {
  if (frame.length < LENGTH_BYTES) return false;
  if (frame.readUInt32LE(0) !== frame.length - LENGTH_BYTES) return false;
  const request = decodeRequest(frame.subarray(LENGTH_BYTES));
  if (request?.type !== 'resolve' || request.session !== sender.session) return false;
  if ((request.flags & (FLAG.MALFORMED | FLAG.SHARED)) !== 0) return false;
  const who = (request.flags & FLAG.SPAWN) === 0 ? request.pid : request.ppid;
  const { names } = request;
  return who === sender.pid && names.length > 0 && names.every((n) => sender.names.includes(n));
}

/** Sends bytes, says that there are no more, and gives all that comes back. */
async function exchange(broker: Broker, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ path: broker.socketPath, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => socket.destroy());
  socket.on('error', () => undefined);
  socket.end(bytes);
  await new Promise((resolve) => {
    socket.once('close', resolve);
  });
  return Buffer.concat(chunks);
}
