import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  encodeAnswer,
  encodeRequest,
  FILTER_FLAG,
  LENGTH_BYTES,
  TYPE,
} from '../../src/broker/protocol.ts';
import { startBroker, type Broker, type BrokerOptions } from '../../src/broker/server.ts';
import { NeedleSet, Redactor } from '../../src/redact/redactor.ts';
import { serveFilter } from '../../src/session/filter-service.ts';
import type { Filter } from '../../src/session/filter.ts';
import { randomValue } from '../support/cli.ts';
import { holdingFilter, plainFilter } from '../support/filters.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { seededRandom } from '../support/random.ts';
import { echoRequest } from '../support/requests.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

const SESSION = '1-abcdef';
const ASKER = 70_001;
const OK = encodeAnswer({ type: 'ok' });

async function setUp(
  t: TestContext,
  makeFilter: (() => Filter) | undefined = plainFilter,
  options: Partial<BrokerOptions> = {},
): Promise<Broker> {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-filter-'));
  const broker = await startBroker({
    directory,
    session: SESSION,
    store: createMemoryStore({ gh: 's3cr3t-value-42' }),
    onRelease: () => undefined,
    redactText: (text) => text,
    system: {
      peerCredentials: () => ({ pid: ASKER, uid: process.geteuid?.() ?? 0, gid: 0 }),
      parentOf: () => process.pid,
    },
    onHello: () => true,
    onFilter: (connection, onTerminal) => serveFilter(connection, makeFilter(), onTerminal),
    ...options,
  });
  whenDone(t, async () => {
    await broker.close();
    removeTree(directory);
  });
  return broker;
}

/** A connection that has asked for a filter, and what came back on it after the answer. */
interface Client {
  readonly socket: Socket;
  readonly answer: Buffer;
  shown(): Buffer;
  pieces(): string[];
  /** Waits until all that was shown is `wanted`. */
  waitFor(wanted: string): Promise<void>;
  /** Says that there is no more; gives all that was shown, until the other side closed. */
  end(): Promise<Buffer>;
}

async function open(broker: Broker, flags = 0, session = SESSION): Promise<Client> {
  const socket = connect({ path: broker.socketPath, allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write(encodeRequest({ type: 'filter', session, flags }));
  const chunks: Buffer[] = [];
  const [answer]: Buffer[] = await once(socket, 'data');
  assert.ok(answer !== undefined);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const shown = (): Buffer => Buffer.concat(chunks);
  return {
    socket,
    answer,
    shown,
    pieces: () => chunks.map(String),
    async waitFor(wanted) {
      while (shown().toString() !== wanted) await once(socket, 'data');
    },
    async end() {
      const ended = once(socket, 'end');
      socket.end();
      await ended;
      return shown();
    },
  };
}

test('after OK a connection filters; its end brings the rest, and OK again', async (t) => {
  const broker = await setUp(t, holdingFilter);
  const client = await open(broker);
  assert.deepEqual(client.answer, OK);
  client.socket.write('shown@');
  await client.waitFor('shown');
  assert.deepEqual(await client.end(), Buffer.concat([Buffer.from('shown@'), OK]));
});

test('on a terminal, held bytes are shown after a pause', async (t) => {
  const broker = await setUp(t, holdingFilter);
  const client = await open(broker, FILTER_FLAG.TERMINAL);
  client.socket.write('shown@');
  await client.waitFor('shown@');
  client.socket.destroy();
});

test('in a pipe, a line whose end is held comes whole with the end', async (t) => {
  const broker = await setUp(t, holdingLines);
  const client = await open(broker);
  client.socket.write('one\ntwo@\n');
  assert.equal((await client.end()).toString(), `one\ntwo@\n${OK.toString()}`);
  assert.ok(!client.pieces().some((piece) => piece.endsWith('two')));
});

test('in a pipe, what of a line may be shown is shown after a pause', async (t) => {
  const broker = await setUp(t, holdingLines);
  const client = await open(broker);
  client.socket.write('one\ntwo@\n');
  await client.waitFor('one\ntwo');
  client.socket.write('x');
  await client.waitFor('one\ntwo@\nx');
  client.socket.destroy();
});

/** Holds back `@` and a line end at the end of what was written, until more follows. */
function holdingLines(): Filter {
  let held = Buffer.alloc(0);
  return {
    write(chunk) {
      const bytes = Buffer.concat([held, chunk]);
      const from = bytes.toString('latin1').endsWith('@\n') ? bytes.length - 2 : bytes.length;
      held = bytes.subarray(from);
      return bytes.subarray(0, from);
    },
    release: () => Buffer.alloc(0),
    end: () => held,
  };
}

test('a value is masked however it is cut, by many filters at once [G1]', async (t) => {
  const needles = new NeedleSet();
  const value = randomValue();
  needles.add({ name: 'x', value });
  const broker = await setUp(t, () => new Redactor({ needles }));
  const random = seededRandom(7);
  const text = `one ${value} two ${Buffer.from(value).toString('base64')} three`;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = await open(broker);
      for (let at = 0; at < text.length;) {
        const end = at + 1 + random.below(12);
        await new Promise((done) => {
          client.socket.write(text.slice(at, end), done);
        });
        at = end;
      }
      assert.equal((await client.end()).toString(), `one *** two *** three${OK.toString()}`);
    }),
  );
});

test('who does not read is not read from, and keeps no other waiting', async (t) => {
  const broker = await setUp(t);
  const stalled = await open(broker);
  stalled.socket.pause();
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  let accepted = 0;
  for (let n = 0; n < 64; n++) stalled.socket.write(chunk, () => (accepted += 1));
  for (let n = 0; n < 50; n++) {
    const other = await open(broker);
    other.socket.write('quick');
    await other.waitFor('quick');
    await other.end();
  }
  assert.ok(accepted < 8, `${accepted} MiB were taken`);
  stalled.socket.resume();
  const whole = await stalled.end();
  assert.equal(whole.length, 64 * chunk.length + OK.length);
});

test('a broken off connection ends its filter, once', async (t) => {
  let ends = 0;
  let told: (() => void) | undefined;
  const ended = new Promise<void>((resolve) => {
    told = resolve;
  });
  const broker = await setUp(t, () => ({
    ...plainFilter(),
    end() {
      ends += 1;
      told?.();
      return new Uint8Array();
    },
  }));
  const client = await open(broker);
  client.socket.write('half');
  await client.waitFor('half');
  client.socket.destroy();
  await ended;
  await broker.close();
  assert.equal(ends, 1);
});

test('what the filter refuses is not shown, and there is no OK at the end', async (t) => {
  const broker = await setUp(t, () => ({
    ...plainFilter(),
    write() {
      throw new Error('not before the hello');
    },
  }));
  const client = await open(broker);
  client.socket.write('x');
  await once(client.socket, 'end');
  assert.equal(client.shown().length, 0);
});

test('the end of the session cuts filters off, without OK', async (t) => {
  const broker = await setUp(t, holdingFilter);
  const client = await open(broker);
  client.socket.write('shown@');
  await client.waitFor('shown');
  const closed = once(client.socket, 'end');
  await broker.close();
  await closed;
  assert.equal(client.shown().toString(), 'shown');
});

test('a filter is denied: of another session, where there is none, and more than 256', async (t) => {
  const broker = await setUp(t);
  const other = await open(broker, 0, '1-other');
  assert.equal(other.answer[LENGTH_BYTES + 1], TYPE.DENIED);
  const without = await setUp(t, undefined, { onFilter: undefined });
  const none = await open(without);
  assert.equal(none.answer[LENGTH_BYTES + 1], TYPE.DENIED);
  const all = await Promise.all(Array.from({ length: 256 }, () => open(broker)));
  assert.ok(all.every(({ answer }) => answer.equals(OK)));
  const more = await open(broker);
  assert.match(more.answer.toString(), /too many nested sessions/);
  // They keep no request waiting.
  const socket = connect(broker.socketPath);
  socket.write(encodeRequest(echoRequest(ASKER, SESSION)));
  const [answer]: Buffer[] = await once(socket, 'data');
  assert.equal(answer?.[LENGTH_BYTES + 1], TYPE.VALUES);
  for (const client of [other, none, more, ...all]) client.socket.destroy();
});
