import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findOverMasking, MASK, differencesOf } from './over-masking.ts';
import { observe } from './places.ts';
import { isReadable } from './readable.ts';
import { leakTable } from './table.ts';
import { KNOWN_LEAKS, VECTORS } from './vectors.ts';

const DOCUMENT = new URL('../../../docs/redaction.md', import.meta.url);
const CORPUS_BYTES = 3 * 1024 * 1024;

test('without a redactor each of the 30 ways leaks', () => {
  assert.equal(VECTORS.length, 30);
  for (const { name, chunks, hidden } of VECTORS) {
    const text = chunks.join('');
    assert.ok(isReadable(Buffer.from(text), hidden), name);
    assert.ok(isReadable(Buffer.from(text.replaceAll(/\r?\n/g, '\r\n')), hidden), name);
  }
});

test('of the 30 ways only those leak that docs/redaction.md says, in a pipe and a terminal [G1]', async () => {
  const table = leakTable(await observe());
  assert.deepEqual(table.leaks, KNOWN_LEAKS);
  const text = table.lines.join('\n');
  assert.ok(readFileSync(DOCUMENT, 'utf8').includes(`\n${text}\n`), `it is now:\n${text}`);
});

test('ordinary output passes byte for byte with 100 secrets [G2]', () => {
  const { differences } = findOverMasking(CORPUS_BYTES, 1);
  assert.deepEqual(differences, []);
});

test('what is masked by mistake is found, with its cause', () => {
  const secret = { kind: 'password', value: 'correct horse battery' };
  const input = Buffer.from('a correct horse battery b');
  assert.deepEqual(differencesOf('here', input, Buffer.from(`a ${MASK} b`), [secret]), [
    {
      source: 'here',
      context: 'a [[correct horse battery]] b',
      causes: ['password: correcthorsebattery'],
    },
  ]);
  assert.equal(differencesOf('here', input, Buffer.from('a b'), [secret]).length, 1);
});
