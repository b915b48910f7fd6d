import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDotenv } from '../../src/cli/dotenv.ts';

const READS: readonly [string, Record<string, string>][] = [
  ['A=1\nB=two words\n', { A: '1', B: 'two words' }],
  ['export A=1', { A: '1' }],
  ['# comment\n\nA=1 # trailing', { A: '1' }],
  ['A=pass#word', { A: 'pass#word' }],
  ["A='single # $x \\n'", { A: 'single # $x \\n' }],
  ['A="double\\nline \\"q\\""', { A: 'double\nline "q"' }],
  ['A="over\nlines"\nB=2', { A: 'over\nlines', B: '2' }],
  ['A=`back\'s "tick"`', { A: 'back\'s "tick"' }],
  ['A=', { A: '' }],
  ['\uFEFFA = spaced \r\nB=2\r\n', { A: 'spaced', B: '2' }],
  ['URL=postgres://u:p@h/db?x=1', { URL: 'postgres://u:p@h/db?x=1' }],
];

for (const [text, expected] of READS) {
  test(`reads ${JSON.stringify(text).slice(0, 40)}`, () => {
    const found = readDotenv(text).map(({ name, value }) => [name, value] as const);
    assert.deepEqual(Object.fromEntries(found), expected);
  });
}

const REFUSES: readonly [string, RegExp][] = [
  ['A=1\nnot an assignment: hunter2', /^line 2: not of the form KEY=VALUE$/],
  ['A="open\nB=2', /^line 1: the quote is not closed$/],
  ["A='x' y", /^line 1: text after the closing quote$/],
  ['1A=x', /^line 1:/],
];

for (const [text, message] of REFUSES) {
  test(`refuses ${JSON.stringify(text).slice(0, 40)} and does not show the line`, () => {
    assert.throws(() => readDotenv(text), { message });
  });
}
