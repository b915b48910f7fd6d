import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { NeedleSet, Redactor } from '../../src/redact/redactor.ts';
import { chunksOf, tameScene } from './streams.ts';

const TOKEN = 'ghp_T8qZk4vLw2xR7nYb';
const PHRASE = 'correct "horse" battery';
const KEY = 'first line of the key 01\nsecond line of it 02 <x>\nthird of 3 lines 0123\n';

/** Gives the counts, `name form count` each, after `text` was written. */
function countsAfter(
  text: string | Uint8Array,
  secrets: Readonly<Record<string, string>>,
): readonly string[] {
  const needles = new NeedleSet();
  for (const [name, value] of Object.entries(secrets)) needles.add({ name, value });
  const redactor = new Redactor({ needles });
  redactor.write(Buffer.from(text));
  redactor.end();
  return textOf(needles);
}

function textOf(needles: NeedleSet): readonly string[] {
  return needles.counts().map(({ name, form, count }) => `${name} ${form} ${String(count)}`);
}

const bytes = Buffer.from(TOKEN);
const escaped = Array.from(bytes, (byte) => `\\x${byte.toString(16)}`).join('');
const cases: readonly [string, string, readonly string[]][] = [
  ['nothing', 'nothing to see', []],
  ['the value', `a ${TOKEN} b`, ['t raw 1']],
  ['colours in it', `${TOKEN.slice(0, 5)}\x1b[1m${TOKEN.slice(5)}`, ['t raw 1']],
  ['twice', `${TOKEN}${TOKEN}`, ['t raw 2']],
  ['its beginning', `${TOKEN.slice(0, -1)} `, ['t prefix 1']],
  ['base64 of more', Buffer.from(`user:${TOKEN}!`).toString('base64'), ['t base64 1']],
  ['hex', bytes.toString('hex'), ['t hex 1']],
  ['a beginning in hex', bytes.toString('hex').slice(0, -2), ['t prefix 1']],
  ['upper case', TOKEN.toUpperCase(), ['t case 1']],
  ['backwards', Array.from(TOKEN).toReversed().join(''), ['t reversed 1']],
  ['numbers', bytes.join(', '), ['t dump 1']],
  ['\\x', escaped, ['t escape 1']],
  ['a title', `\x1b]0;${TOKEN}\x07`, ['t raw 1']],
  ['JSON', JSON.stringify(PHRASE), ['p json 1']],
  ['HTML', PHRASE.replaceAll('"', '&quot;'), ['p html 1']],
  ['percent-encoding', encodeURIComponent(PHRASE), ['p percent 1']],
  ['a quoting', PHRASE.replaceAll(/[" ]/g, '\\$&'), ['p shell 1']],
  ['a line', 'x second line of it 02 <x> x', ['k line 1']],
  ['the whole of several lines', KEY, ['k raw 1']],
  ['several', `${PHRASE} ${TOKEN} ${PHRASE}`, ['t raw 1', 'p raw 2']],
];
for (const [what, text, wanted] of cases) {
  test(`${what}: ${wanted.join(', ') || 'no mask'}`, () => {
    assert.deepEqual(countsAfter(text, { t: TOKEN, p: PHRASE, k: KEY }), wanted);
  });
}

test('of a value that two have the one added first is counted', () => {
  assert.deepEqual(countsAfter(TOKEN, { one: TOKEN, two: TOKEN }), ['one raw 1']);
  const longer = `${TOKEN}-and-more`;
  assert.deepEqual(countsAfter(longer, { one: TOKEN, two: longer }), ['two raw 1']);
  assert.deepEqual(countsAfter(longer, { two: longer, one: TOKEN }), ['two raw 1']);
});

test('of matches that overlap one is counted: the longest', () => {
  const secrets = { left: 'abcdefghij-klmnop', right: 'klmnop-qrstuvwxyz' };
  assert.deepEqual(countsAfter('abcdefghij-klmnop-qrstuvwxyz', secrets), ['left raw 1']);
  secrets.right += '!!';
  assert.deepEqual(countsAfter('abcdefghij-klmnop-qrstuvwxyz!!', secrets), ['right raw 1']);
});

test('a value that was replaced is still its name', () => {
  const needles = new NeedleSet();
  needles.add({ name: 't', value: 'the-old-value-1' });
  needles.add({ name: 'u', value: TOKEN });
  needles.add({ name: 't', value: 'the-new-value-2' });
  new Redactor({ needles }).write(Buffer.from(`the-old-value-1 the-new-value-2 ${TOKEN} `));
  assert.deepEqual(textOf(needles), ['t raw 2', 'u raw 1']);
});

test('streams of the same needles add up, but for those that are not to count', () => {
  const needles = new NeedleSet();
  needles.add({ name: 't', value: TOKEN });
  for (const counted of [true, false, true]) {
    const redactor = new Redactor({ needles, counted });
    redactor.write(Buffer.from(`${TOKEN}.`));
    redactor.end();
  }
  assert.deepEqual(textOf(needles), ['t raw 2']);
});

test('a mask that grows when it is shown already is counted as what it turns out to be', () => {
  const needles = new NeedleSet();
  needles.add({ name: 't', value: TOKEN });
  const redactor = new Redactor({ needles });
  redactor.write(Buffer.from(TOKEN.slice(0, 12)));
  assert.deepEqual(textOf(needles), []);
  assert.equal(Buffer.from(redactor.write(Buffer.from(TOKEN.slice(12, -1)))).toString(), '***');
  assert.deepEqual(textOf(needles), ['t prefix 1']);
  redactor.write(Buffer.from(TOKEN.slice(-1)));
  redactor.end();
  assert.deepEqual(textOf(needles), ['t raw 1']);
});

test('more names than there is room for at first', () => {
  const needles = new NeedleSet();
  for (let n = 0; n < 300; n++) needles.add({ name: `n${n}`, value: `value-no-${n}-of-300` });
  new Redactor({ needles }).write(Buffer.from('value-no-299-of-300 value-no-7-of-300 '));
  assert.deepEqual(textOf(needles), ['n7 raw 1', 'n299 raw 1']);
});

test('as many are counted as are shown, and the same whatever the chunks', () => {
  const mask = '<<masked>>';
  fc.assert(
    fc.property(tameScene, (scene) => {
      const countsOf = (chunks: readonly Uint8Array[]): readonly string[] => {
        const needles = new NeedleSet();
        for (const [n, value] of scene.values.entries()) needles.add({ name: `s${n}`, value });
        const redactor = new Redactor({ needles, mask });
        const parts = chunks.map((chunk) => redactor.write(chunk));
        const output = Buffer.concat([...parts, redactor.end()]).toString('latin1');
        const counted = needles.counts().reduce((sum, { count }) => sum + count, 0);
        assert.equal(counted, output.split(mask).length - 1);
        return textOf(needles);
      };
      const once = countsOf([scene.stream]);
      assert.deepEqual(countsOf(chunksOf(scene)), once);
      assert.deepEqual(countsOf(Array.from(scene.stream, (byte) => Buffer.from([byte]))), once);
    }),
    { numRuns: 100 },
  );
});
