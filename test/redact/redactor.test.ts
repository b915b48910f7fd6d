import assert from 'node:assert/strict';
import test from 'node:test';
import { VaultShellError } from '../../src/base/errors.ts';
import { NeedleSet, Redactor } from '../../src/redact/redactor.ts';
import { formsOf } from '../../src/redact/encodings.ts';
import { redactChunks, redactEveryWay, redactorFor } from './support.ts';

const VALUE = 'hunter2-long-value-77';
const KIBIBYTE = 1024;

function write(redactor: Redactor, text: string): string {
  return Buffer.from(redactor.write(Buffer.from(text))).toString('latin1');
}

function release(redactor: Redactor): string {
  return Buffer.from(redactor.release()).toString('latin1');
}

test('text that cannot be the start of a value is out at once', () => {
  const redactor = redactorFor([VALUE], { forms: 'raw' });
  assert.equal(write(redactor, 'Password: '), 'Password: ');
  assert.equal(write(redactor, '\u001b'), '\u001b');
  assert.equal(write(redactor, '[?25h\r\n$ '), '[?25h\r\n$ ');
});

test('the start of a value is held, and out with the byte that tells it is none', () => {
  const redactor = redactorFor([VALUE], { forms: 'raw' });
  assert.equal(write(redactor, 'see hunter'), 'see ');
  // A backspace could still strike out what follows; after a few characters it is certain.
  assert.equal(write(redactor, 's '), '');
  assert.equal(write(redactor, 'are rare\n'), 'hunters are rare\n');
});

test('the mask is out as soon as the value is complete', () => {
  const redactor = redactorFor([VALUE], { forms: 'raw' });
  assert.equal(write(redactor, VALUE), '***');
  assert.equal(write(redactor, '\r\n'), '\r\n');
});

test('a release shows 4 bytes at most, and the rest is masked when it comes', () => {
  const redactor = redactorFor([VALUE]);
  assert.equal(write(redactor, `key ${VALUE.slice(0, 10)}`), 'key ');
  assert.equal(release(redactor), 'hunt');
  assert.equal(release(redactor), '');
  assert.equal(write(redactor, VALUE.slice(10, 15)), '');
  assert.equal(release(redactor), '');
  assert.equal(write(redactor, VALUE.slice(15)), '***');
  assert.equal(write(redactor, ' end') + release(redactor), ' end');
});

test('a release shows a quarter of a short value', () => {
  const redactor = redactorFor(['abcd-fgh']);
  write(redactor, 'abcd-fg');
  assert.equal(release(redactor), 'ab');
});

test('a release shows no more of a value than a shorter one with the same start allows', () => {
  const redactor = redactorFor(['abcd-fgh', 'abcd-fghijklmnop']);
  write(redactor, 'abcd-fg');
  assert.equal(release(redactor), 'ab');
});

test('what was held and is no value comes out after a release', () => {
  const redactor = redactorFor([VALUE]);
  write(redactor, 'hunter2-');
  assert.equal(release(redactor), 'hunt');
  const rest = write(redactor, 'short. And so on') + release(redactor);
  assert.equal(rest, 'er2-short. And so on');
});

test('the end gives what is held', () => {
  assert.equal(redactEveryWay([VALUE], ['hunter2-lo']), 'hunter2-lo');
});

test('a value added is masked from the next byte on', () => {
  const redactor = redactorFor([VALUE]);
  assert.equal(
    write(redactor, 'second-secret hunter2-lo') + release(redactor),
    'second-secret hunt',
  );
  redactor.add({ name: 'late', value: 'second-secret' });
  const rest = write(redactor, 'ng-value-77 second-secret\n') + release(redactor);
  assert.equal(rest, '*** ***\n');
});

test('streams that share needles learn of a new one together', () => {
  const needles = new NeedleSet();
  const out = new Redactor({ needles });
  const err = new Redactor({ needles });
  needles.add({ name: 'token', value: VALUE });
  out.add({ name: 'other', value: 'other-secret' });
  assert.equal(write(out, VALUE), '***');
  assert.equal(write(err, 'other-secret'), '***');
});

test('adding a value again costs nothing', () => {
  const needles = new NeedleSet();
  needles.add({ name: 'token', value: VALUE });
  needles.ready();
  const { memory } = needles;
  for (let n = 0; n < 1000; n++) needles.add({ name: `again${n}`, value: Buffer.from(VALUE) });
  assert.equal(needles.memory, memory);
});

test('a wipe overwrites the tables', () => {
  const needles = new NeedleSet();
  needles.add({ name: 'token', value: VALUE });
  needles.ready();
  assert.ok(needles.memory > 0);
  needles.wipe();
  // What counts it is in the same memory.
  assert.equal(needles.memory, 0);
});

test('after a wipe every stream refuses to go on', () => {
  const needles = new NeedleSet();
  const redactor = new Redactor({ needles });
  needles.add({ name: 'token', value: VALUE });
  needles.wipe();
  const refused = (error: unknown) =>
    error instanceof VaultShellError && error.code === 'REFUSED' && !error.message.includes(VALUE);
  assert.throws(() => redactor.write(Buffer.from('text')), refused);
  assert.throws(() => redactor.release(), refused);
  assert.throws(() => redactor.end(), refused);
  assert.throws(() => needles.add({ name: 'token', value: VALUE }), refused);
});

test('a value under 4 bytes, or with less than 4 to be seen, is refused', () => {
  const redactor = new Redactor();
  for (const value of ['', 'abc', '\n\n\n\n\n', 'ab\u001b[31mc']) {
    assert.throws(() => redactor.add({ name: 'weak', value }), RangeError);
  }
  redactor.add({ name: 'weak', value: 'abcd' });
  redactor.add({ name: 'wide', value: 'éé' });
});

test('the memory behind what is given out has no form of a value in it', () => {
  const shown = redactorFor([VALUE]).write(Buffer.from('plain text and more of it, '));
  const memory = Buffer.from(shown.buffer);
  assert.ok(memory.includes('plain text'));
  for (const form of formsOf(Buffer.from(VALUE), 'all'))
    assert.ok(!memory.includes(Buffer.from(form.text, 'latin1')));
});

test('another mask can be chosen', () => {
  assert.equal(redactEveryWay([VALUE], [`a ${VALUE} b`], { mask: '[…]' }), 'a […] b');
});

test("with the raw form only, encodings pass, and escapes still don't hide the value", () => {
  const encoded = Buffer.from(VALUE).toString('base64');
  const split = `${VALUE.slice(0, 5)}\u001b[1m${VALUE.slice(5)}`;
  const output = redactEveryWay([VALUE], [`${encoded} ${split}`], { forms: 'raw' });
  assert.equal(output, `${encoded} ***\u001b[1m`);
});

test('a value in bytes that are no UTF-8 is masked', () => {
  const value = Buffer.from([0xff, 0xfe, 0x41, 0xc3, 0xd1, 0x42]);
  const stream = Buffer.concat([Buffer.from([0xe9, 0x20]), value, Buffer.from([0x20, 0xe9])]);
  const output = redactChunks([value], [stream]);
  assert.deepEqual(output, Buffer.from([0xe9, 0x20, 0x2a, 0x2a, 0x2a, 0x20, 0xe9]));
});

test('a chunk without any text in it is passed over and nothing else', () => {
  for (const control of ['\n', '\0', '\u001b[1m']) {
    const redactor = redactorFor([VALUE]);
    const out = ['x'.repeat(5000), VALUE.slice(0, 5), control.repeat(300), VALUE.slice(5), '.'];
    const shown = [...out.map((text) => redactor.write(Buffer.from(text))), redactor.end()];
    assert.equal(
      Buffer.concat(shown).toString(),
      `${'x'.repeat(5000)}***${control.length > 1 ? control.repeat(300) : ''}.`,
    );
  }
});

test('every kind of control between the characters of a value is seen through', () => {
  const hiding = [
    '\u001b[38;5;196m',
    '\u001b[?2004h',
    '\u001bM',
    '\u001b(B',
    '\u001b#8',
    '\u001b]0;t\u0007',
    '\u001b]8;;http://x\u001b\\',
    '\u001bPq#0\u001b\\',
    '\u001b_app\u001b\\',
    '\u001bXsos\u001b\\',
    '\r',
    '\n',
    '\r\n',
    '\r\r\n',
    '\0',
    '\u0007',
    '\u007f',
    '\t',
    '\u000b',
    'X\b',
    'XY\b\b',
    'é\b',
  ];
  for (const control of hiding) {
    const output = redactEveryWay([VALUE], [`<${VALUE.slice(0, 7)}${control}${VALUE.slice(7)}>`]);
    assert.ok(output.startsWith('<***') && output.endsWith('>'), JSON.stringify([control, output]));
    assert.ok(!output.includes('value'), JSON.stringify([control, output]));
  }
});

test('8-bit controls are seen through where they are no part of a character', () => {
  const value = Buffer.from(VALUE);
  const csi = Buffer.from([0x9b, 0x33, 0x31, 0x6d]);
  const stream = Buffer.concat([value.subarray(0, 5), csi, value.subarray(5)]);
  assert.deepEqual(redactChunks([VALUE], [stream]), Buffer.concat([Buffer.from('***'), csi]));
  const text = Buffer.from('“quoted” ✓ \u009b');
  assert.deepEqual(redactChunks([VALUE], [text]), text);
});

test('overstruck text is masked as the reader sees it', () => {
  const bold = Array.from(VALUE)
    .map((character) => `${character}\b${character}`)
    .join('');
  const underlined = Array.from(VALUE)
    .map((character) => `_\b${character}`)
    .join('');
  assert.equal(redactEveryWay([VALUE], [`a ${bold} b`]), 'a *** b');
  const output = redactEveryWay([VALUE], [`a ${underlined} b`], { forms: 'raw' });
  assert.equal(output, 'a _\b*** b');
});

test('the payload of an escape sequence is masked and the sequence stays whole', () => {
  const clipboard = Buffer.from(VALUE).toString('base64');
  for (const [text, expected] of [
    [`\u001b]0;key ${VALUE}\u0007$ `, '\u001b]0;key ***\u0007$ '],
    [
      `\u001b]8;;https://u:${VALUE}@host\u001b\\link\u001b]8;;\u001b\\`,
      '\u001b]8;;https://u:***@host\u001b\\link\u001b]8;;\u001b\\',
    ],
    [`\u001b]52;c;${clipboard}\u0007`, '\u001b]52;c;***\u0007'],
    [
      `\u001bPtmux;\u001b\u001b]0;${VALUE}\u0007\u001b\\`,
      '\u001bPtmux;\u001b\u001b]0;***\u0007\u001b\\',
    ],
  ] as const) {
    assert.equal(redactEveryWay([VALUE], [text]), expected);
  }
});

test('what a clipboard sequence decodes to is searched as well', () => {
  const copied = (text: string) => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;
  for (const [text, shown] of [
    [Buffer.from(VALUE).toString('hex'), '***'],
    [`see ${encodeURIComponent(VALUE)}`, 'c2VlI***'],
    ['nothing of it', Buffer.from('nothing of it').toString('base64')],
  ] as const) {
    assert.equal(redactEveryWay([VALUE], [copied(text)]), `\u001b]52;c;${shown}\u0007`);
  }
  // Elsewhere the same characters are no base64 of anything.
  const link = copied(Buffer.from(VALUE).toString('hex')).replace(']52;c;', ']8;;');
  assert.equal(redactEveryWay([VALUE], [link]), link);
});

test('what lies within a mask of an escape sequence has no mask of its own', () => {
  const value = '2kRxRk27qz\n2LkRRqRz7zLxz22\nL2xqk2xzz2qxR7';
  assert.equal(redactEveryWay([value], [`\u001b${value}\u001b[31m`]), '\u001b***\u001b[31m');
  assert.equal(redactEveryWay([value], [`\u001b${value}`]), '\u001b***');
});

test('what a terminal would eat as part of an escape is masked all the same', () => {
  for (const start of ['\u001b', '\u001b[', '\u001b(', '\u001b[3']) {
    const output = redactEveryWay([VALUE], [`${start}${VALUE} after`]);
    assert.equal(output, `${start}*** after`);
  }
});

test('the letter after ESC that opens a string is the first of a value as any other', () => {
  for (const letter of 'PX]^_') {
    const value = `${letter}${VALUE}`;
    assert.equal(redactEveryWay([value], [`\u001b${value} after`]), '\u001b*** after');
    assert.equal(redactEveryWay([value], [`\u001b${value}\u0007 after`]), '\u001b***\u0007 after');
  }
});

test('escapes in a masked stretch are kept in order, line ends are not', () => {
  const [a, b, c] = [VALUE.slice(0, 4), VALUE.slice(4, 9), VALUE.slice(9)];
  const output = redactEveryWay([VALUE], [`${a}\u001b[31m\r\n${b}\u001b[0m${c}!`]);
  assert.equal(output, '***\u001b[31m\u001b[0m!');
});

test('the line feed that ends a value is masked unless text follows on the next line', () => {
  const value = '-- first line --\nsecond line of it\n';
  assert.equal(redactEveryWay([value], [value]), '***');
  assert.equal(redactEveryWay([value], [`${value}\nnext`]), '***\nnext');
  assert.equal(redactEveryWay([value], [`${value}next`]), '***\nnext');
  assert.equal(redactEveryWay([value], [value.replaceAll('\n', '\r\n')]), '***\r\n');
});

test('a line end in a value matches blanks, indentation and line ends of any kind', () => {
  const value = 'alpha-Line_1\nbeta-Line_2\ngamma-Line_3';
  for (const gap of [
    '\n',
    '\r\n',
    '\r\r\n',
    ' ',
    '   ',
    '\n    ',
    ' \n\n\t',
    '\u001b[K\r\n\u001b[2C',
  ]) {
    const output = redactEveryWay([value], [`a ${value.replaceAll('\n', gap)} b`]);
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    assert.equal(output.replaceAll(/\x1b\[\d?[KC]/g, ''), 'a *** b', JSON.stringify(gap));
  }
});

test('a flood after the start of a value neither freezes the stream nor grows memory', () => {
  for (const unit of [' ', '\r\n', '\u001b[0m', '\u001b]0;x\u0007']) {
    const redactor = redactorFor(['alpha-Line_1\nbeta-Line_2']);
    const flood = Buffer.from(unit.repeat((16 * KIBIBYTE) / unit.length));
    redactor.write(Buffer.from('alpha-Line_1'));
    let given = 0;
    for (let n = 0; n < 16; n++) given += redactor.write(flood).length;
    assert.ok(given >= flood.length * 11, JSON.stringify([unit, given]));
  }
});

test('an escape sequence without an end does not freeze the stream', () => {
  const redactor = redactorFor([VALUE]);
  redactor.write(Buffer.from('hunter2-\u001b]52;c;'));
  let given = 0;
  for (let n = 0; n < 16; n++) given += redactor.write(Buffer.alloc(16 * KIBIBYTE, 0x2e)).length;
  assert.ok(given >= 11 * 16 * KIBIBYTE);
});

test('where a gap becomes too long does not depend on the chunks', () => {
  const gap = '\n'.repeat(64 * KIBIBYTE);
  for (const extra of [0, 1, 30, 600, 1000, 2000]) {
    const text = Buffer.from(`${VALUE.slice(0, 9)}${gap}${'\n'.repeat(extra)}${VALUE.slice(9)}`);
    const once = redactChunks([VALUE], [text]);
    const parts = Array.from({ length: Math.ceil(text.length / 777) }, (_, n) =>
      text.subarray(n * 777, (n + 1) * 777),
    );
    assert.ok(once.equals(redactChunks([VALUE], parts)), `gap of 64 KiB and ${extra}`);
  }
});

test('a value as long as allowed is masked in one piece', () => {
  let value = '';
  for (let n = 0; value.length < 64 * KIBIBYTE; n++) value += `${(n * 48_271) % 65_537}-`;
  value = value.slice(0, 64 * KIBIBYTE);
  const redactor = redactorFor([value], { forms: 'raw' });
  const out = [redactor.write(Buffer.from(`a ${value}`)), redactor.write(Buffer.from(' b'))];
  assert.equal(Buffer.concat([...out, redactor.end()]).toString(), 'a *** b');
});
