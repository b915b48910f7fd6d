/**
 * Forms of an opaque token in dumps of bytes, and in lists of numbers. Only of opaque tokens: of
 * others nobody makes dumps, and every form costs memory for every value.
 *
 * Bytes one by one (`xxd -p`, `od -An -tx1`, `hexdump -e`) are hex with blanks, characters one by
 * one (`od -c`) the value with blanks: the encodings have those. What still shows:
 *
 * - A value that goes over the end of a line which begins with an offset or ends with the characters
 *   (`xxd`, `hexdump -C`, `od` without -An): its part on the first line is masked when that tells,
 *   what is on the lines after it is not.
 * - In words of two bytes, a byte that shares a word with its neighbour outside of the value.
 * - Words of four bytes or more (`xxd -e`), octal numbers (`od`, `od -b`), numbers with nothing but
 *   blanks between (`od -tu1`) and bits (`xxd -b`).
 */

import type { Form } from './encodings.ts';

const WORD_BYTES = 2;

/** `pairs`: the digits of the value in hex. `tellsFrom`: how many leading bytes of it tell it. */
export function dumpForms(value: Buffer, pairs: readonly string[], tellsFrom: number): Form[] {
  const lists = [
    // Decimal: Buffers and arrays of bytes in JavaScript, JSON and Python.
    value.join(','),
    // C: `xxd -i`.
    `0x${pairs.join(',0x')}`,
  ].map((text) => ({ kind: 'dump' as const, text, carries: value.length, folds: true }));
  return [...lists, wordForm(value, 0, tellsFrom), wordForm(value, 1, tellsFrom)];
}

/**
 * Words of two bytes as little-endian machines write them, the second byte first: `hexdump` and
 * `od -x`. `from`: the first byte that begins a word.
 */
function wordForm(value: Buffer, from: number, tellsFrom: number): Form {
  const to = value.length - ((value.length - from) % WORD_BYTES);
  const telling = Math.ceil((tellsFrom - from) / WORD_BYTES) * WORD_BYTES;
  return {
    kind: 'dump',
    text: value.toString('hex', from, to).replaceAll(/(..)(..)/g, '$2$1'),
    carries: to - from,
    folds: true,
    tellsFrom: 2 * telling,
  };
}
