import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { Readable, Writable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'node:test';
import * as fc from 'fast-check';
import { deferred } from '../../src/session/deferred.ts';
import { redactStream } from '../../src/redact/redact-stream.ts';
import { NeedleSet, Redactor } from '../../src/redact/redactor.ts';
import { chunksOf, tameScene, wildScene } from './streams.ts';
import { redactChunks, redactorFor, waysToWrite } from './support.ts';

const VALUE = 'hunter2-long-value-77';
const CHUNK_BYTES = 64 * 1024;

async function streamed(stream: Transform, chunks: readonly Buffer[]): Promise<Buffer> {
  const [bytes] = await Promise.all([buffer(stream), pipeline(Readable.from(chunks), stream)]);
  return bytes;
}

/** A redactor that counts the bytes it was given. */
function countingRedactor(): { redactor: Redactor; taken: () => number } {
  const redactor = redactorFor([VALUE]);
  const write = redactor.write.bind(redactor);
  let taken = 0;
  redactor.write = (chunk) => {
    taken += chunk.length;
    return write(chunk);
  };
  return { redactor, taken: () => taken };
}

test('any chunking gives the bytes that one write of the redactor gives', async () => {
  const property = fc.asyncProperty(fc.oneof(tameScene, wildScene), async (scene) => {
    const expected = redactChunks(scene.values, [scene.stream]);
    for (const chunks of [chunksOf(scene), ...Object.values(waysToWrite([scene.stream]))]) {
      const out = await streamed(redactStream(redactorFor(scene.values)), chunks);
      assert.ok(out.equals(expected));
    }
  });
  await fc.assert(property, { numRuns: 40 });
});

test('strings are UTF-8, also with a value cut between two of them', async () => {
  const stream = redactStream(redactorFor(['zürich-größe-€']));
  stream.write('naïve zürich-');
  stream.end('größe-€ 漢字');
  assert.equal((await buffer(stream)).toString(), 'naïve *** 漢字');
});

test('a value may be added while the stream flows', async () => {
  const redactor = redactorFor([]);
  const stream = redactStream(redactor);
  stream.write(`${VALUE}, `);
  redactor.add({ name: 'late', value: VALUE });
  stream.end(VALUE);
  assert.equal((await buffer(stream)).toString(), `${VALUE}, ***`);
});

test('without a reader it takes in a few chunks, and the writer is told to wait', async () => {
  const { redactor, taken } = countingRedactor();
  const stream = redactStream(redactor);
  const chunk = Buffer.alloc(CHUNK_BYTES, '.');
  let written = 0;
  do {
    written += chunk.length;
  } while (stream.write(chunk) && written < 100 * CHUNK_BYTES);
  assert.ok(written < 10 * CHUNK_BYTES, String(written));
  for (let more = 0; more < 10; more++, written += chunk.length) stream.write(chunk);
  for (let turns = 0; turns < 20; turns++) await turn();
  assert.ok(taken() <= 4 * CHUNK_BYTES, String(taken()));
  stream.end();
  assert.equal((await buffer(stream)).length, written);
});

test('a slow reader is never more than a few chunks behind what was read for it', async () => {
  const total = 200 * CHUNK_BYTES;
  let given = 0;
  let shown = 0;
  let lead = 0;
  const source = new Readable({
    read() {
      given += CHUNK_BYTES;
      this.push(given > total ? null : Buffer.alloc(CHUNK_BYTES, '.'));
    },
  });
  const reader = new Writable({
    async write(chunk: Buffer, _encoding, done) {
      lead = Math.max(lead, given - shown);
      for (let turns = 0; turns < 3; turns++) await turn();
      shown += chunk.length;
      done();
    },
  });
  await pipeline(source, redactStream(redactorFor([VALUE])), reader);
  assert.equal(shown, total);
  assert.ok(lead <= 10 * CHUNK_BYTES, String(lead));
});

test('held bytes come with the end, or when they are released for a live view', async () => {
  const redactor = redactorFor([VALUE]);
  const stream = redactStream(redactor);
  stream.write(`see ${VALUE.slice(0, 10)}`);
  assert.equal(String(stream.read()), 'see ');
  if (stream.writable) stream.push(redactor.release());
  assert.equal(String(stream.read()), VALUE.slice(0, 4));
  stream.write(VALUE.slice(10));
  assert.equal(String(stream.read()), '***');
  stream.end(VALUE.slice(0, 6));
  assert.equal((await buffer(stream)).toString(), VALUE.slice(0, 6));
});

for (const [what, fail] of [
  ['write', (stream: Transform) => stream.write(`more ${VALUE}`)],
  ['end', (stream: Transform) => stream.end()],
] as const) {
  test(`an error of the redactor's ${what} destroys the stream, and not a byte follows`, async () => {
    const needles = new NeedleSet();
    needles.add({ name: 'a', value: VALUE });
    const stream = redactStream(new Redactor({ needles }));
    stream.write(`see ${VALUE.slice(0, 10)}`);
    assert.equal(String(stream.read()), 'see ');
    stream.on('data', (chunk: Buffer) => assert.fail(chunk.toString()));
    const closed = deferred<void>();
    stream.on('close', closed.resolve);
    const failed = once(stream, 'error');
    needles.wipe();
    fail(stream);
    const [error]: unknown[] = await failed;
    assert.ok(error instanceof Error);
    assert.equal(stream.destroyed, true);
    stream.write('and on', () => undefined);
    await closed.promise;
  });
}

test('what is thrown is an error for the pipeline, whatever it is', async () => {
  const redactor = redactorFor([VALUE]);
  redactor.write = () => {
    // oxlint-disable-next-line typescript/only-throw-error -- as foreign code may
    throw 'no error';
  };
  const failed = pipeline(Readable.from([Buffer.from('x')]), redactStream(redactor), buffer);
  await assert.rejects(failed, { message: 'the redactor failed', cause: 'no error' });
});

test('destroyed early it closes, gives nothing of what it held, and keeps nothing alive', async () => {
  const controller = new AbortController();
  const stream = redactStream(redactorFor([VALUE]));
  const out: Buffer[] = [];
  const source = new Readable({ read: () => undefined });
  const reader = new Writable({
    write(chunk: Buffer, _encoding, done) {
      out.push(chunk);
      done();
      controller.abort();
    },
  });
  source.push(`see ${VALUE.slice(0, 10)}`);
  const { signal } = controller;
  await assert.rejects(pipeline(source, stream, reader, { signal }), { name: 'AbortError' });
  assert.equal(stream.destroyed, true);
  assert.equal(Buffer.concat(out).toString(), 'see ');
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a reader that leaves ends the writer', async () => {
  const source = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(CHUNK_BYTES, '.')));
  const stream = redactStream(redactorFor([VALUE]));
  const left = pipeline(source, stream);
  for await (const chunk of stream) {
    assert.ok(chunk);
    break;
  }
  await assert.rejects(left);
  assert.equal(source.destroyed, true);
});
