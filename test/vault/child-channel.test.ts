import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { openChannel } from '../../src/vault/child-channel.ts';

/** One end whose other end is the test. */
function openEnd(): { socket: Duplex; sent: Buffer[] } {
  const sent: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      sent.push(Buffer.from(chunk));
      done();
    },
  });
  return { socket, sent };
}

const MESSAGES = [
  { kind: 'one', key: Uint8Array.of(1, 2, 3) },
  { kind: 'two', text: 'v'.repeat(300_000) },
  {},
] as const;

function bytesOf(messages: readonly unknown[]): Buffer {
  const { socket, sent } = openEnd();
  const channel = openChannel<unknown, unknown>(socket, {
    onMessage: () => assert.fail(),
    onClose: () => undefined,
  });
  for (const message of messages) channel.send(message);
  socket.destroy();
  return Buffer.concat(sent);
}

for (const [name, size] of [
  ['at once', Infinity],
  ['byte by byte', 1],
  ['in pieces of 4095 bytes', 4095],
] as const) {
  void test(`messages come whole and in order, ${name}`, async () => {
    const bytes = bytesOf(MESSAGES);
    const heard: unknown[] = [];
    const { socket } = openEnd();
    openChannel<unknown, unknown>(socket, {
      onMessage: (message) => heard.push(structuredClone(message)),
      onClose: () => undefined,
    });
    for (let from = 0; from < bytes.length; from += size) {
      socket.push(Buffer.from(bytes.subarray(from, from + size)));
    }
    socket.push(null);
    socket.end();
    await once(socket, 'close');
    assert.deepEqual(heard, MESSAGES);
  });
}

void test('what came over it is overwritten, and the end is told after the last message', async () => {
  const chunk = bytesOf([{ key: 'not to be kept' }]);
  assert.ok(chunk.includes('not to be kept'));
  const heard: string[] = [];
  const { socket } = openEnd();
  const channel = openChannel<{ key: string }, unknown>(socket, {
    onMessage: ({ key }) => heard.push(key),
    onClose: () => heard.push('closed'),
  });
  assert.equal(channel.isOpen(), true);
  socket.push(chunk);
  socket.push(null);
  channel.end();
  assert.equal(channel.isOpen(), false);
  await once(socket, 'close');
  assert.deepEqual(heard, ['not to be kept', 'closed']);
  assert.ok(!chunk.includes('kept'));
  channel.send({ key: 'to nobody' });
});
