import assert from 'node:assert/strict';
import test from 'node:test';
import { readKeys } from '../../src/session/keys.ts';

function read(...reads: readonly string[]): string[][] {
  const keys = readKeys();
  return reads.map((bytes) => [...keys.read(Buffer.from(bytes, 'latin1'))]);
}

for (const [bytes, key] of [
  ['d', 'd'],
  ['o', 'o'],
  ['s', 's'],
  ['\r', 'enter'],
  ['\n', 'enter'],
  ['\u0003', 'interrupt'],
  ['\u001b[A', 'up'],
  ['\u001bOB', 'down'],
  ['\u001b[5~', 'page up'],
  ['\u001b[6~', 'page down'],
  ['\u001b[H', 'home'],
  ['\u001bOF', 'end'],
  ['x', 'other'],
  ['O', 'other'],
] as const) {
  void test(`${JSON.stringify(bytes)} is ${key}`, () => {
    assert.deepEqual(read(bytes), [[key]]);
  });
}

for (const [name, ...reads] of [
  ['two letters', 'os'],
  ['a letter and a line end', 'o\r'],
  ['a key with Alt', '\u001bo'],
  ['a mouse report', '\u001b[<0;111;1M'],
  ['an old mouse report', '\u001b[Mooo'],
  ['an old mouse report that was cut', '\u001b[Mo', 'o', 'o'],
  ['a focus event', '\u001b[I'],
  ['the answer to a query', '\u001b[?62;o'],
  ['the answer to a query of colours', '\u001b]11;rgb:o', 'o', '\u0007'],
  ['a key of the keypad', '\u001bOo'],
  ['a paste', '\u001b[200~o\u001b[201~'],
  ['a paste in pieces', '\u001b[200~', 'o', 's', '\u001b[20', '1~'],
  ['a paste that has a sequence in it', '\u001b[200~', '\u001b[A', 'o', '\u001b[201~'],
  ['a sequence that was cut', '\u001b', 'o'],
  ['a sequence that was cut later', '\u001b[1;', 'o'],
] as const) {
  void test(`${name} is no answer`, () => {
    const keys = read(...reads).flat();
    assert.ok(
      keys.every((key) => key === 'other'),
      JSON.stringify(keys),
    );
    assert.deepEqual(read(...reads, 'o').at(-1), ['o']);
  });
}

void test('ESC is a key when nothing follows', () => {
  const keys = readKeys();
  assert.deepEqual(keys.read(Buffer.from('\u001b')), []);
  assert.equal(keys.pause(), 'escape');
  assert.deepEqual(keys.read(Buffer.from('\u001b[')), []);
  assert.equal(keys.pause(), undefined);
  assert.deepEqual(keys.read(Buffer.from('o')), ['o']);
});

void test('movements are taken several at a time', () => {
  assert.deepEqual(read('\u001b[B\u001b[B'), [['down', 'down']]);
});
