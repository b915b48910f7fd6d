import assert from 'node:assert/strict';
import test from 'node:test';
import { followModes, type Modes } from '../../src/session/modes.ts';

function follow(text: string, cuts: 'none' | 'every byte' = 'none'): Modes {
  const modes = followModes();
  const bytes = Buffer.from(text);
  if (cuts === 'none') modes.write(bytes);
  else for (let at = 0; at < bytes.length; at++) modes.write(bytes.subarray(at, at + 1));
  return modes;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1').replaceAll('\u001b', '^');
}

const PLAIN = {
  neutral: '^7^[?1049h\u000f^(B^[0m^[?2004h^[?25l^[2J',
  reinstating: '^[0m^[2J^[?1049l^8^[?2004l^[?25h',
};

const SET: readonly (readonly [name: string, sequence: string, off: string, on: string])[] = [
  ['mouse tracking', '\u001b[?1002;1006h', '^[?1002l', '^[?1002h'],
  ['origin mode', '\u001b[?6h', '^[?6l', '^[?6h'],
  ['insert mode', '\u001b[4h', '^[4l', '^[4h'],
  ['kitty keyboard', '\u001b[>1u', '^[>0u', '^[<u'],
  ['modifyOtherKeys', '\u001b[>4;2m', '^[>4m', '^[>4;2m'],
  ['synchronized output', '\u001b[?2026h', '^[?2026l', '^[?2026h'],
  ['side margins', '\u001b[?69h\u001b[3;20s', '^[?69l', '^[?69h^[3;20s'],
  ['a link', '\u001b]8;id=1;http://x/\u0007', '^]8;;^\\', '^]8;id=1;http://x/\u0007'],
  ['a character set', '\u001b(0', '^(B', '^(0'],
  ['a shift', '\u000e', '\u000f', '\u000e'],
];

for (const [name, sequence, off, on] of SET) {
  for (const cuts of ['none', 'every byte'] as const) {
    void test(`${name} is left and set again, with cuts: ${cuts}`, () => {
      const modes = follow(`a${sequence}b\u001b[31mc`, cuts);
      assert.ok(text(modes.neutral()).includes(off), text(modes.neutral()));
      assert.ok(text(modes.reinstating()).includes(on), text(modes.reinstating()));
      modes.write(Buffer.from('\u001bc'));
      assert.equal(text(modes.neutral()), PLAIN.neutral);
      assert.equal(text(modes.reinstating()), PLAIN.reinstating);
    });
  }
}

void test('what is unset is not set again', () => {
  const modes = follow(
    '\u001b[?1000h\u001b[?1000l\u001b[?6h\u001b[!p\u001b(0\u001b(B\u001b]8;;x\u001b\\\u001b]8;;\u001b\\\u001b[4h\u001b[4l',
  );
  assert.equal(text(modes.neutral()), PLAIN.neutral);
  assert.equal(text(modes.reinstating()), PLAIN.reinstating);
});

void test('a hidden cursor stays hidden, and pastes stay in brackets', () => {
  const modes = follow('\u001b[?25l\u001b[?2004h');
  assert.equal(text(modes.reinstating()), '^[0m^[2J^[?1049l^8');
});

for (const mode of [47, 1047, 1049]) {
  void test(`mode ${mode} is the alternate screen`, () => {
    const modes = follow(`\u001b[?${mode}h`, 'every byte');
    assert.ok(modes.isAlternate());
    assert.doesNotMatch(text(modes.neutral()), /1049/);
    assert.doesNotMatch(text(modes.reinstating()), /1049/);
    modes.write(Buffer.from(`\u001b[?${mode}l`));
    assert.ok(!modes.isAlternate());
  });
}

void test('what looks like a mode inside a string, or is cancelled, is none', () => {
  for (const sequence of [
    '\u001b]0;[?1049h\u0007',
    '\u001bP[?1049h\u001b\\',
    '\u001b_[?1049h\u0007[?1049h\u001b\\',
    '\u001b[?1049\u0018h',
    '\u001b[?1049\u001b[0mh',
  ]) {
    assert.ok(!follow(sequence).isAlternate(), JSON.stringify(sequence));
    assert.ok(!follow(sequence, 'every byte').isAlternate(), JSON.stringify(sequence));
  }
});

void test('a cut sequence or character is ended, and begun again', () => {
  for (const cut of ['\u001b', '\u001b[', '\u001b[?10', '\u001b]0;title', '\u001b]0;title\u001b']) {
    const modes = follow(`text${cut}`, 'every byte');
    assert.ok(!modes.isWhole());
    assert.equal(text(modes.neutral()), `\u0018^\\${PLAIN.neutral}`);
    assert.equal(text(modes.reinstating()), PLAIN.reinstating + cut.replaceAll('\u001b', '^'));
  }
  const modes = followModes();
  modes.write(Uint8Array.of(0x61, 0xe2, 0x82));
  assert.ok(!modes.isWhole());
  modes.write(Uint8Array.of(0xac));
  assert.ok(modes.isWhole());
});

void test('a long string is not kept, and ends where it ends', () => {
  const modes = follow(`\u001b]52;c;${'A'.repeat(10_000)}`);
  assert.equal(text(modes.reinstating()), `${PLAIN.reinstating}^]9999;`);
  modes.write(Buffer.from('AAAA\u001b'));
  assert.ok(!modes.isWhole());
  modes.write(Buffer.from('\\\u001b[?1049h'));
  assert.ok(modes.isWhole());
  assert.ok(modes.isAlternate());

  const picture = follow(`\u001bPq${'A'.repeat(10_000)}`);
  assert.equal(text(picture.reinstating()), `${PLAIN.reinstating}^X`);
  picture.write(Buffer.from('\u001b\\'));
  assert.ok(picture.isWhole());

  const parameters = follow(`\u001b[${'1;'.repeat(10_000)}`);
  assert.equal(text(parameters.reinstating()), `${PLAIN.reinstating}^[`);
  parameters.write(Buffer.from('m\u001b[?1049h'));
  assert.ok(parameters.isAlternate());
});
