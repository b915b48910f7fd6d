import assert from 'node:assert/strict';
import test from 'node:test';
import { isReadable } from '../leaks/readable.ts';
import { KNOWN_LEAKS, PEM, SPECIAL, TOKEN, VECTORS } from '../leaks/vectors.ts';
import { redactEveryWay } from './support.ts';

/* The 30 ways of `npm run leaks` through the engine alone, in any chunks, and a few more. */

const SHORT = 'q7Zx';
const SECRETS = [TOKEN, SPECIAL, PEM, SHORT];
const everyByte = [...Buffer.from(SPECIAL)]
  .map((byte) => `%${byte.toString(16).toUpperCase()}`)
  .join('');

const MORE = [
  { name: 'split in three', chunks: [TOKEN.slice(0, 1), TOKEN.slice(1, 20), TOKEN.slice(20)] },
  { name: 'URL, every byte', chunks: [everyByte] },
  { name: 'JSON as Go writes it', chunks: [JSON.stringify(SPECIAL).replaceAll('&', '\\u0026')] },
  { name: 'four characters', chunks: [`about ${SHORT} and`], hidden: [SHORT] },
];
const WAYS = [...VECTORS, ...MORE.map((way) => ({ hidden: [way.chunks.join('')], ...way }))];

for (const [where, prepare] of Object.entries({
  'in a pipe': (text: string) => text,
  'in a PTY': (text: string) => text.replaceAll(/(?<!\r)\n/g, '\r\n'),
})) {
  test(`${where} none of ${WAYS.length} ways leaks but the known ones`, () => {
    const leaks = WAYS.filter(({ chunks, hidden }) => {
      const given = ['out: ', ...chunks.map(prepare), '\n'];
      return isReadable(Buffer.from(redactEveryWay(SECRETS, given)), hidden);
    });
    assert.deepEqual(
      leaks.map(({ name }) => name),
      KNOWN_LEAKS,
    );
  });
}
