import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MAX_NAME_LENGTH } from '../../src/base/placeholder.ts';
import { EXIT_NOT_STARTED } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  EXPOSURE,
  exposuresOf,
  FILTER_FLAG,
  FLAG,
  LENGTH_BYTES,
  MAX_FRAME_BYTES,
  MAX_GRANT_LENGTH,
  PROTOCOL_VERSION,
  STATUS,
  TYPE,
  valuesFrameBytes,
  WATCH_BITS,
  WATCH_BYTES,
  type Request,
} from '../../src/broker/protocol.ts';
import { ROOT } from '../support/hook-environment.ts';

const u32 = fc.nat({ max: 0xffffffff });
// No NUL, no half of a surrogate pair: what a C string of UTF-8 can hold.
const text = fc.string({ unit: 'grapheme' }).filter((candidate) => !candidate.includes('\0'));
const { ENV, ARGV, FILE, STDIN, OPTIONAL } = EXPOSURE;
const EXPOSURES = [ENV, ENV | OPTIONAL, ARGV, FILE | ARGV, FILE | OPTIONAL, ENV | FILE, STDIN];
const resolveRequest = fc
  .record({
    type: fc.constant('resolve' as const),
    pid: fc.integer({ min: 1, max: 0xffffffff }),
    ppid: u32,
    flags: fc.constantFrom(0, FLAG.MALFORMED, FLAG.SHARED),
    session: text,
    cwd: text,
    program: text,
    argv: fc.array(text),
    asked: fc.array(fc.tuple(text, fc.constantFrom(...EXPOSURES))),
  })
  .map(({ asked, ...request }) => ({
    ...request,
    names: asked.map(([name]) => name),
    exposures: asked.map(([, bits]) => bits),
  }));
const anyRequest: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ type: fc.constant('hello' as const), pid: u32, ppid: u32, session: text }),
  resolveRequest,
  resolveRequest.map((request) => ({ ...request, pid: 0, flags: FLAG.SPAWN })),
  fc.record({ type: fc.constant('spawned' as const), grant: text, pid: u32, ppid: u32 }),
  fc.record({ type: fc.constant('failed' as const), grant: text, errno: u32 }),
  fc.record({ type: fc.constant('reaped' as const), pid: u32, ppid: u32, status: u32 }),
  fc.record({ type: fc.constant('filter' as const), session: text, flags: fc.nat({ max: 1 }) }),
  fc.record({ type: fc.constantFrom('status' as const, 'names' as const) }),
);

test('every constant of shell/hook/protocol.h is the same here', () => {
  const header = readFileSync(path.join(ROOT, 'shell/hook/protocol.h'), 'utf8');
  const inC = new Map<string, number>();
  for (const [, name, value] of header.matchAll(/^#define VS_(\w+) (\d+)$/gm)) {
    inC.set(name ?? '', Number(value));
  }
  const here = new Map<string, number>([
    ['PROTOCOL_VERSION', PROTOCOL_VERSION],
    ['MAX_FRAME_BYTES', MAX_FRAME_BYTES],
    ...Object.entries(TYPE).map(([name, value]): [string, number] => [`TYPE_${name}`, value]),
    ...Object.entries(FLAG).map(([name, value]): [string, number] => [`FLAG_${name}`, value]),
    ...Object.entries(FILTER_FLAG).map(([name, bit]): [string, number] => [
      `FILTER_FLAG_${name}`,
      bit,
    ]),
    ...Object.entries(EXPOSURE).map(([name, bit]): [string, number] => [`EXPOSURE_${name}`, bit]),
    ...Object.entries(STATUS).map(([name, value]): [string, number] => [`STATUS_${name}`, value]),
    ['MAX_NAME_LENGTH', MAX_NAME_LENGTH],
    ['MAX_GRANT_LENGTH', MAX_GRANT_LENGTH],
    ['WATCH_BITS', WATCH_BITS],
    ['WATCH_BYTES', WATCH_BYTES],
    ['EXIT_NOT_STARTED', EXIT_NOT_STARTED],
  ]);
  // The hook's own patience: nothing here depends on it.
  inC.delete('ANSWER_TIMEOUT_MS');
  inC.delete('HELLO_TIMEOUT_MS');
  inC.delete('REPORT_TIMEOUT_MS');
  assert.deepEqual(Object.fromEntries(inC), Object.fromEntries(here));
});

test('a request comes out of its frame as it went in', () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      const frame = encodeRequest(request);
      assert.equal(frame.readUInt32LE(0), frame.length - LENGTH_BYTES);
      assert.deepEqual(decodeRequest(frame.subarray(LENGTH_BYTES)), { ...request });
    }),
  );
});

test('a request cut short, or with something behind it, is none', () => {
  fc.assert(
    fc.property(anyRequest, fc.nat(), (request, cut) => {
      const frame = encodeRequest(request).subarray(LENGTH_BYTES);
      assert.equal(decodeRequest(frame.subarray(0, cut % frame.length)), undefined);
      assert.equal(decodeRequest(Buffer.concat([frame, Buffer.alloc(1)])), undefined);
    }),
  );
});

test('random bytes never make the decoder throw or take much memory', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 0, max: 20 }),
      (bytes, type) => {
        decodeRequest(Buffer.from(bytes));
        decodeRequest(Buffer.from([PROTOCOL_VERSION, type, ...bytes]));
      },
    ),
    { numRuns: 2000 },
  );
});

const oddFrames: readonly [string, (frame: Buffer) => void][] = [
  ['another version', (frame) => frame.writeUInt8(PROTOCOL_VERSION + 1, 0)],
  ['an answer as a request', (frame) => frame.writeUInt8(TYPE.VALUES, 1)],
  ['a pid of 0 without SPAWN', (frame) => frame.writeUInt32LE(0, 2)],
  ['an unknown flag', (frame) => frame.writeUInt32LE(8, 10)],
  ['SPAWN with a pid', (frame) => frame.writeUInt32LE(FLAG.SPAWN, 10)],
  ['a string longer than the frame', (frame) => frame.writeUInt32LE(0xffffffff, 14)],
  ['a NUL within a string', (frame) => frame.writeUInt8(0, 18)],
  ['a name that is exposed nowhere', (frame) => frame.writeUInt32LE(0, frame.length - 4)],
  ['a name that is only optional', (frame) => frame.writeUInt32LE(OPTIONAL, frame.length - 4)],
  ['an unknown exposure', (frame) => frame.writeUInt32LE(32 | ENV, frame.length - 4)],
  ['an optional argument', (frame) => frame.writeUInt32LE(ARGV | OPTIONAL, frame.length - 4)],
];

for (const [what, spoil] of oddFrames) {
  test(`${what} is no request`, () => {
    const frame = encodeRequest({
      type: 'resolve',
      pid: 5,
      ppid: 4,
      flags: 0,
      session: 's',
      cwd: '/',
      program: '/bin/x',
      argv: ['x'],
      names: ['a'],
      exposures: [ARGV],
    }).subarray(LENGTH_BYTES);
    assert.notEqual(decodeRequest(frame), undefined);
    spoil(frame);
    assert.equal(decodeRequest(frame), undefined);
  });
}

test('an unknown flag makes no request for a filter', () => {
  const frame = encodeRequest({ type: 'filter', session: 's', flags: 0 }).subarray(LENGTH_BYTES);
  assert.notEqual(decodeRequest(frame), undefined);
  frame.writeUInt32LE(2, frame.length - 4);
  assert.equal(decodeRequest(frame), undefined);
});

test('the length of an answer with values is known before it is made', () => {
  const values = [new Secret('s3cr3t-välue-42'), undefined, new Secret('')];
  const frame = encodeAnswer({ type: 'values', grant: 'g-1', values });
  assert.equal(frame.length - LENGTH_BYTES, valuesFrameBytes('g-1', values));
});

test('an answer comes out of its frame as it went in', () => {
  const answers = [
    { type: 'ok' },
    { type: 'denied', message: 'no' },
    { type: 'report', text: '["é"]' },
    { type: 'values', grant: 'g', values: [] },
    { type: 'values', grant: 'g', values: [new Secret('s3cr3t-välue'), undefined] },
  ] as const;
  for (const answer of answers) {
    const frame = encodeAnswer(answer).subarray(LENGTH_BYTES);
    const seen = decodeAnswer(frame);
    assert.deepEqual(seen, answer);
    if (seen?.type === 'values' && answer.type === 'values') {
      const reveal = (value: Secret | undefined): string | undefined => value?.reveal();
      assert.deepEqual(seen.values.map(reveal), answer.values.map(reveal));
    }
    assert.equal(decodeAnswer(frame.subarray(0, -1)), undefined);
    assert.equal(decodeAnswer(Buffer.concat([frame, Buffer.alloc(1)])), undefined);
  }
});

test('a value that is left as text is none', () => {
  const frame = encodeAnswer({ type: 'values', grant: 'g', values: [new Secret('abcd')] });
  assert.notEqual(decodeAnswer(frame.subarray(LENGTH_BYTES)), undefined);
  for (const status of [STATUS.TEXT, 2]) {
    frame.writeUInt32LE(status, frame.length - 4 - 4 - 4);
    assert.equal(decodeAnswer(frame.subarray(LENGTH_BYTES)), undefined);
  }
});

test('each bit is one exposure', () => {
  assert.deepEqual(exposuresOf(ENV | ARGV | FILE | STDIN), ['env', 'argv', 'file', 'stdin']);
  assert.deepEqual(exposuresOf(FILE | OPTIONAL), ['file']);
});
