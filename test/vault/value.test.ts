import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkValue, weakness } from '../../src/vault/value.ts';

const CASES: readonly (readonly [value: string, weakness: RegExp | undefined])[] = [
  ['short-7', /shorter/],
  ['ü2345', /shorter/],
  ['password', /word/],
  ['Production', /word/],
  ['LOCALHOST', /word/],
  ['straßenbahn', /word/],
  [' password\n', /word/],
  ['12345678', /number/],
  ['-1234567.5', /number/],
  ['1,234,567', /number/],
  ['aaaaaaaaaa', /repeated/],
  ['----------', /repeated/],
  [' \t \t \t \t \t', /blank/],
  ['s3cr3t-value-42', undefined],
  ['correct horse battery', undefined],
  ['AbcDefGhIjK', undefined],
  ['qwertyuiopasdfghjklzxcvbnm', undefined],
  ['2024-11-23', undefined],
];

for (const [value, expected] of CASES) {
  test(`${JSON.stringify(value)} is ${expected === undefined ? 'strong' : 'weak'}`, () => {
    const why = weakness(value);
    if (expected === undefined) assert.equal(why, undefined);
    else assert.match(why ?? '', expected);
  });
}

test('what shows nothing on a screen is refused, weak or not', () => {
  for (const value of ['\x1b[31m\x1b[0mabc', '\n\n\n\n\n\n\n\n\n', '\x1b]0;a title\x07ab']) {
    assert.throws(() => checkValue(value, { allowWeak: true }), { code: 'BAD_VALUE' });
  }
});
