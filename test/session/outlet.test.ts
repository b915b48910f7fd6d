import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, read, readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'node:test';
import { deferred } from '../../src/session/deferred.ts';
import { openInputQueue } from '../../src/session/input-queue.ts';
import { native } from '../../src/base/native.ts';
import { openOutlet } from '../../src/session/outlet.ts';
import { holdingFilter, plainFilter } from '../support/filters.ts';

const PIPE_BYTES = 64 * 1024;

void test('a slow reader is waited for, without holding up anything else', async () => {
  const [readEnd, writeEnd] = native().pipe();
  const outlet = openOutlet(writeEnd, plainFilter(), () => undefined);
  const bytes = Buffer.alloc(3 * PIPE_BYTES, 'x');
  let written = false;
  const later = outlet.write(bytes);
  assert.ok(later !== undefined);
  void later.finally(() => {
    written = true;
  });
  for (let turns = 0; turns < 100; turns++) await turn();
  assert.equal(written, false);
  const buffer = Buffer.alloc(bytes.length);
  let length = 0;
  while (length < bytes.length) {
    length += readSync(readEnd, buffer, length, bytes.length - length, null);
    await turn();
  }
  await later;
  assert.ok(buffer.equals(bytes));
  await outlet.end();
  closeSync(readEnd);
  closeSync(writeEnd);
});

void test('as much waits to be written as a fast reader takes in a moment, whole and in order', async () => {
  const [readEnd, writeEnd] = native().pipe();
  const outlet = openOutlet(writeEnd, plainFilter(), () => undefined);
  const expected = randomBytes(64 * PIPE_BYTES);
  const reader = collect(readEnd, expected.length);
  let waited = 0;
  for (let from = 0; from < expected.length; from += PIPE_BYTES) {
    const later = outlet.write(expected.subarray(from, from + PIPE_BYTES));
    if (later === undefined) continue;
    waited++;
    await later;
  }
  await outlet.end();
  assert.ok((await reader).equals(expected));
  // A first time to measure the reader; after that only when the queue is full.
  assert.ok(waited > 0 && waited < 64, `${String(waited)} waits`);
  closeSync(readEnd);
  closeSync(writeEnd);
});

/** Reads so many bytes in another thread. */
async function collect(fd: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let at = 0;
  while (at < length) {
    at += await new Promise<number>((resolve, reject) => {
      read(fd, bytes, at, length - at, null, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }
  return bytes;
}

void test('a fast reader costs no turn of the event loop', () => {
  const [readEnd, writeEnd] = native().pipe();
  const outlet = openOutlet(writeEnd, plainFilter(), () => undefined);
  assert.equal(outlet.write(Buffer.from('at once')), undefined);
  const buffer = Buffer.alloc(16);
  assert.equal(buffer.toString('utf8', 0, readSync(readEnd, buffer)), 'at once');
  closeSync(readEnd);
  closeSync(writeEnd);
});

void test('what the filter holds comes at the end, and not before, in a pipe', async () => {
  const [readEnd, writeEnd] = native().pipe();
  const outlet = openOutlet(writeEnd, holdingFilter(), () => undefined);
  void outlet.write(Buffer.from('held@'));
  const buffer = Buffer.alloc(16);
  assert.equal(readSync(readEnd, buffer), 4);
  await outlet.end();
  assert.equal(buffer.toString('utf8', 0, readSync(readEnd, buffer)), '@');
  closeSync(readEnd);
  closeSync(writeEnd);
});

void test('the echo of what was typed does not wait, and what else looks like it does', async () => {
  const [readEnd, writeEnd] = native().pipe();
  const outlet = openOutlet(writeEnd, holdingFilter(), () => undefined);
  const buffer = Buffer.alloc(64);
  const shown = (chunk: string): string => {
    void outlet.write(Buffer.from(chunk));
    return buffer.toString('utf8', 0, readSync(readEnd, buffer));
  };
  outlet.expectEcho(Buffer.from('a@'));
  assert.equal(shown('a'), 'a');
  assert.equal(shown('@'), '@');
  // Echoed once, it is no longer awaited.
  assert.equal(shown('one@'), 'one');
  outlet.expectEcho(Buffer.from('@'));
  assert.equal(shown('far more than an echo@'), '@far more than an echo');
  assert.equal(shown('two@'), '@two');
  await outlet.end();
  closeSync(readEnd);
  closeSync(writeEnd);
});

void test('when the reader has gone, that is told once, and what follows is dropped', async () => {
  const [readEnd, writeEnd] = native().pipe();
  let told = 0;
  const outlet = openOutlet(writeEnd, plainFilter(), () => {
    told++;
  });
  closeSync(readEnd);
  assert.equal(outlet.write(Buffer.from('one')), undefined);
  assert.equal(outlet.write(Buffer.from('two')), undefined);
  await outlet.end();
  assert.equal(told, 1);
  closeSync(writeEnd);
});

void test('input that a program does not take waits its turn and comes whole and in order', async () => {
  const taken: string[] = [];
  let room = 3;
  const drained = deferred<void>();
  const queue = openInputQueue((bytes) => {
    if (room === 0) {
      room = 2;
      throw Object.assign(new Error('full'), { code: 'EAGAIN' });
    }
    const some = bytes.subarray(0, room);
    room -= some.length;
    taken.push(Buffer.from(some).toString());
    return some.length;
  });
  queue.onDrain(drained.resolve);
  queue.write(Buffer.from('ab'));
  assert.ok(queue.isEmpty());
  queue.write(Buffer.from('cdefg'));
  queue.write(Buffer.from('hij'));
  assert.ok(!queue.isEmpty());
  await drained.promise;
  assert.ok(queue.isEmpty());
  assert.equal(taken.join(''), 'abcdefghij');
});

void test('of input that nobody takes no more is wanted than 64 MiB, and what waits can be dropped', () => {
  const queue = openInputQueue(() => {
    throw Object.assign(new Error('full'), { code: 'EAGAIN' });
  });
  const half = Buffer.alloc(32 * 1024 * 1024);
  assert.equal(queue.write(half), true);
  assert.equal(queue.write(half), false);
  queue.clear();
  assert.ok(queue.isEmpty());
  assert.equal(queue.write(half), true);
  queue.close();
});
