import assert from 'node:assert/strict';
import { mkdtempSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import {
  encodeRequest,
  EXPOSURE,
  FLAG,
  LENGTH_BYTES,
  MAX_FRAME_BYTES,
  PROTOCOL_VERSION,
  TYPE,
  type Request,
} from '../../src/broker/protocol.ts';
import type { PeerSystem } from '../../src/broker/peer.ts';
import { startBroker, type Broker, type BrokerOptions } from '../../src/broker/server.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';
import { echoRequest } from '../support/requests.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

const VALUE = 's3cr3t-value-42';
const SESSION = '1-abcdef';

/** Who connects, as far as the broker can tell: a child of the session. */
const ASKER = 70_001;

function systemOf(pid: number): PeerSystem {
  const uid = process.geteuid?.() ?? 0;
  return {
    peerCredentials: () => ({ pid, uid, gid: 0 }),
    parentOf: () => process.pid,
  };
}

interface SetUp {
  broker: Broker;
  store: MemoryStore;
  directory: string;
}

async function setUp(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<SetUp> {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-broker-'));
  const store = createMemoryStore({ gh: VALUE });
  const broker = await startBroker({
    directory,
    session: SESSION,
    store,
    onRelease: () => store.log.push('release'),
    redactText: (text) => text.replaceAll(VALUE, '***'),
    system: systemOf(ASKER),
    onHello: () => true,
    ...options,
  });
  whenDone(t, async () => {
    await broker.close();
    removeTree(directory);
  });
  return { broker, store, directory };
}

const wanted = echoRequest(ASKER, SESSION);

const GREETING = { type: 'hello', pid: ASKER, ppid: process.pid, session: SESSION } as const;

/** Sends bytes as they are; gives all that comes back until the other side closes. */
async function exchange(broker: Broker, ...chunks: readonly Buffer[]): Promise<Buffer> {
  const socket = connect(broker.socketPath);
  for (const chunk of chunks) socket.write(chunk);
  return readAll(socket);
}

async function readAll(socket: Socket): Promise<Buffer> {
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.on('error', () => undefined);
  await new Promise((resolve) => {
    socket.once('close', resolve);
  });
  return Buffer.concat(received);
}

async function ask(broker: Broker, request: Request): Promise<Buffer> {
  return exchange(broker, encodeRequest(request));
}

/** Grants wait until what is returned is called. */
function holdGrants(store: MemoryStore): () => void {
  const { promise, open } = createGate();
  store.gate = promise;
  return open;
}

function createGate(): { promise: Promise<void>; open: () => void } {
  const gate: { open?: () => void } = {};
  const promise = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  return { promise, open: () => gate.open?.() };
}

function typeOf(answer: Buffer): number | undefined {
  assert.ok(answer.length === 0 || answer.readUInt32LE(0) === answer.length - LENGTH_BYTES);
  return answer[LENGTH_BYTES + 1];
}

test('the socket is for its owner alone and goes when the broker closes', async (t) => {
  const { broker, directory } = await setUp(t);
  assert.equal(statSync(broker.socketPath).mode & 0o777, 0o600);
  await broker.close();
  assert.throws(() => statSync(broker.socketPath));
  assert.throws(() => statSync(path.join(directory, 'watch')));
});

test('an answer with a value comes after the row and the redactors', async (t) => {
  const { broker, store } = await setUp(t);
  const answer = await ask(broker, wanted);
  store.log.push('answer');
  assert.equal(typeOf(answer), TYPE.VALUES);
  assert.ok(answer.includes(VALUE));
  assert.deepEqual(store.log, ['grant', 'release', 'answer']);
  assert.equal(broker.grantFor(wanted.pid), store.rows[0]?.operation);
  broker.recordExit(wanted.pid, 7);
  assert.equal(store.rows[0]?.exitCode, 7);
});

test('no byte of an answer leaves while the row is not committed', async (t) => {
  const { broker, store } = await setUp(t);
  const open = holdGrants(store);
  const socket = connect(broker.socketPath);
  let received = 0;
  socket.on('data', (chunk: Buffer) => (received += chunk.length));
  socket.write(encodeRequest(wanted));
  // Another request is answered meanwhile: the first had its chance.
  await ask(broker, GREETING);
  assert.equal(received, 0);
  open();
  assert.equal(typeOf(await readAll(socket)), TYPE.VALUES);
});

test('another session, another version and nonsense are denied', async (t) => {
  const { broker, store } = await setUp(t);
  const stranger = await ask(broker, { ...wanted, session: '1-other' });
  assert.equal(typeOf(stranger), TYPE.DENIED);
  const other = encodeRequest(wanted);
  other.writeUInt8(PROTOCOL_VERSION - 1, LENGTH_BYTES);
  assert.equal(typeOf(await exchange(broker, other)), TYPE.DENIED);
  const hello = await ask(broker, { ...GREETING, session: 'x' });
  assert.equal(typeOf(hello), TYPE.DENIED);
  assert.deepEqual(
    store.rows.map(({ outcome, names, reason }) => [outcome, names, reason]),
    [['denied', wanted.names, 'not of this session']],
  );
});

test('hello is answered as the session decides', async (t) => {
  for (const welcome of [true, false]) {
    const seen: number[] = [];
    const { broker } = await setUp(t, {
      onHello(pid) {
        seen.push(pid);
        return welcome;
      },
    });
    assert.equal(typeOf(await ask(broker, GREETING)), welcome ? TYPE.OK : TYPE.DENIED);
    assert.deepEqual(seen, [ASKER]);
  }
});

test('a frame may come byte by byte', async (t) => {
  const { broker } = await setUp(t);
  const bytes = [...encodeRequest(wanted)].map((byte) => Buffer.from([byte]));
  assert.equal(typeOf(await exchange(broker, ...bytes)), TYPE.VALUES);
});

test('a frame that is too long, or two frames at once, are denied', async (t) => {
  const { broker, store } = await setUp(t);
  const long = Buffer.alloc(LENGTH_BYTES);
  long.writeUInt32LE(MAX_FRAME_BYTES + 1);
  assert.equal(typeOf(await exchange(broker, long)), TYPE.DENIED);
  const twice = Buffer.concat([encodeRequest(wanted), encodeRequest(wanted)]);
  assert.equal(typeOf(await exchange(broker, twice)), TYPE.DENIED);
  assert.deepEqual(store.log, []);
});

test('random frames never get a value and never stop the broker', async (t) => {
  const { broker } = await setUp(t);
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 64 }),
      fc.integer({ min: 0, max: 20 }),
      async (body, type) => {
        const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, 1, type]), body]);
        frame.writeUInt32LE(frame.length - LENGTH_BYTES);
        const answer = await exchange(broker, frame);
        assert.equal(answer.includes(VALUE), false);
        assert.notEqual(typeOf(answer), TYPE.VALUES);
      },
    ),
    { numRuns: 300 },
  );
  assert.equal(typeOf(await ask(broker, wanted)), TYPE.VALUES);
});

test('a hook that dies before its answer leaves a row that says so', async (t) => {
  const { broker, store } = await setUp(t);
  const open = holdGrants(store);
  const socket = connect(broker.socketPath);
  socket.write(encodeRequest(wanted));
  await ask(broker, GREETING);
  socket.destroy();
  await ask(broker, GREETING);
  open();
  const row = await store.waitForRow((candidate) => candidate.exitCode !== null);
  assert.equal(row.exitCode, 126);
  assert.equal(broker.grantFor(wanted.pid), undefined);
});

test('more connections than are served at once wait their turn', async (t) => {
  const { broker } = await setUp(t);
  const idle = Array.from({ length: 256 }, () => connect(broker.socketPath));
  await Promise.all(
    idle.map(async (socket) => new Promise((resolve) => socket.once('connect', resolve))),
  );
  const socket = connect(broker.socketPath);
  socket.write(encodeRequest(wanted));
  const answer = readAll(socket);
  for (const other of idle) other.destroy();
  assert.equal(typeOf(await answer), TYPE.VALUES);
});

test('closing waits for a request that is being answered', async (t) => {
  const { broker, store } = await setUp(t);
  const open = holdGrants(store);
  const answer = ask(broker, wanted);
  await ask(broker, GREETING);
  const closed = broker.close();
  open();
  assert.equal(typeOf(await answer), TYPE.VALUES);
  await closed;
  assert.equal(store.rows.length, 1);
});

test('what is asked while the broker closes is denied, and nothing is released', async (t) => {
  const { broker, store } = await setUp(t);
  const requests: readonly Request[] = [wanted, GREETING];
  const sockets = requests.map(() => connect(broker.socketPath));
  // They connected before it, and so are accepted before it is answered.
  await ask(broker, GREETING);
  const closed = broker.close();
  const answers = requests.map(async (request, at) => {
    const socket = sockets[at];
    assert.ok(socket !== undefined);
    socket.write(encodeRequest(request));
    return readAll(socket);
  });
  for (const answer of await Promise.all(answers)) {
    // Cut off when it came late.
    assert.match(answer.toString(), /^$|the session is ending$/);
  }
  await closed;
  assert.deepEqual(store.log, []);
});

test('closing does not wait for a connection that says nothing', async (t) => {
  const { broker } = await setUp(t);
  const socket = connect(broker.socketPath);
  const answer = readAll(socket);
  await ask(broker, GREETING);
  await Promise.all([broker.close(), broker.close()]);
  assert.equal((await answer).length, 0);
});

test('values that are too long for one frame together are not sent', async (t) => {
  const { broker, store } = await setUp(t);
  const names = Array.from({ length: 70 }, (_, index) => `n${index}`);
  const exposures = names.map(() => EXPOSURE.ARGV);
  for (const name of names) store.values.set(name, name.padEnd(64 * 1024, 'x'));
  assert.equal(typeOf(await ask(broker, { ...wanted, names, exposures })), TYPE.DENIED);
  assert.equal(store.rows[0]?.exitCode, 126);
});

test('the exit code of a spawned child is stored when its parent reaps it', async (t) => {
  const { broker, store } = await setUp(t);
  assert.equal(
    typeOf(await ask(broker, { ...wanted, pid: 0, ppid: ASKER, flags: FLAG.SPAWN })),
    TYPE.VALUES,
  );
  const grant = store.rows[0]?.operation ?? '';
  await ask(broker, { type: 'spawned', grant, pid: 70_002, ppid: ASKER });
  await ask(broker, { type: 'reaped', pid: 70_002, ppid: ASKER, status: 4 << 8 });
  assert.equal(store.rows[0]?.exitCode, 4);
});

test('a caller in this process gets the same order and the same row', async (t) => {
  const { broker, store } = await setUp(t);
  const { program, argv, cwd, names } = wanted;
  const resolution = await broker.resolveHere({ program, argv, cwd, names });
  assert.equal(resolution.kind, 'released');
  assert.deepEqual(store.log, ['grant', 'release']);
});

test('a directory that is not there is an error with a code', async () => {
  await assert.rejects(
    startBroker({
      directory: '/nonexistent/vs',
      session: SESSION,
      store: createMemoryStore({}),
      onRelease: () => undefined,
      redactText: (text) => text,
      system: systemOf(ASKER),
      onHello: () => true,
    }),
    { code: 'BROKER' },
  );
});
