import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { inspect } from 'node:util';
import { NeedleSet } from '../../src/redact/redactor.ts';
import { redactEveryWay } from './support.ts';

/** Tells from 10 bytes on. */
const TOKEN = 'k7Qz2mXp9RtB4vLc8WnY3sHd';
const SHORT_TOKEN = TOKEN.slice(0, 16);
const TELLING = 10;
const ROW = 16;
const COLUMNS = Array.from({ length: ROW }, (_, column) => column);

/** Without offsets and characters: a value may go over the end of a line. */
const BARE = [
  'xxd -p',
  'xxd -p -c 24',
  'xxd -i',
  'od -An -tx1',
  'od -An -c',
  'od -An -a',
  'od -An -x',
  'hexdump -v -e \'16/1 "%02x " "\\n"\'',
  'hexdump -v -e \'/1 "%02X"\'',
  'hexdump -v -e \'8/1 "0x%02x, " "\\n"\'',
];
/** Each line begins with an offset, and may end with the characters. */
const WITH_OFFSETS = [
  'xxd',
  'xxd -u',
  'xxd -g1',
  'od -tx1',
  'od -tx1z',
  'od -c',
  'od -a',
  'od -x',
  'hexdump',
  'hexdump -C',
  'hexdump -c',
];

/** What a program makes of a file that has the value after so many bytes; undefined without the program. */
function dump(command: string, column: number, value: string): string | undefined {
  const input = `# settings:\nkey${'='.repeat(column + 1)}${value}\nrest of the file\n`;
  const run = spawnSync('sh', ['-c', `exec ${command}`], { input, env: process.env });
  if (run.status === 127) return undefined;
  assert.equal(run.status, 0, run.stderr.toString());
  return run.stdout.toString('latin1');
}

/** The most bytes of the value in a row that can be read without the offsets, in any of the notations. */
function longestRun(output: string, value: string): number {
  const bytes = Buffer.from(value);
  const text = output.replaceAll(/^[0-9a-f]{7,8}[: ]/gm, '').replaceAll(/\s/g, '');
  const notations = (part: Buffer) => {
    const hex = part.toString('hex');
    const words = part.length % 2 === 0 ? [Buffer.from(part).swap16().toString('hex')] : [];
    return [part.toString(), hex, hex.toUpperCase(), hex.replaceAll(/..(?!$)/g, '$&,0x'), ...words];
  };
  for (let length = bytes.length; length > 0; length--) {
    for (let from = 0; from + length <= bytes.length; from++) {
      const part = bytes.subarray(from, from + length);
      if (notations(part).some((notation) => text.includes(notation))) return length;
    }
  }
  return 0;
}

function needlesFor(value: string): { needles: NeedleSet } {
  const needles = new NeedleSet();
  needles.add({ name: 'token', value });
  return { needles };
}

test('a token in a dump without offsets cannot be read, wherever its lines end', (t) => {
  for (const value of [SHORT_TOKEN, TOKEN]) {
    const options = needlesFor(value);
    for (const command of BARE) {
      for (const column of COLUMNS) {
        const dumped = dump(command, column, value);
        if (dumped === undefined) {
          t.diagnostic(`missing: ${command}`);
          break;
        }
        assert.ok(longestRun(dumped, value) >= value.length - 2, dumped);
        const output = redactEveryWay([], [dumped], options);
        // One byte stands elsewhere by chance, or shares a word with its neighbour.
        assert.ok(longestRun(output, value) <= 1, `${command}, column ${column}:\n${output}`);
      }
    }
  }
});

test('a token on one line of a dump cannot be read', (t) => {
  const options = needlesFor(SHORT_TOKEN);
  for (const command of WITH_OFFSETS) {
    const dumped = dump(command, 0, SHORT_TOKEN);
    if (dumped === undefined) t.diagnostic(`missing: ${command}`);
    else {
      const output = redactEveryWay([], [dumped], options);
      assert.ok(longestRun(output, SHORT_TOKEN) <= 1, `${command}:\n${output}`);
    }
  }
});

/** The rest, on the lines after it, is not masked, and the docs say so. */
test('of a token over several lines of a dump, the first part is masked if it tells', (t) => {
  const options = needlesFor(TOKEN);
  for (const command of WITH_OFFSETS) {
    for (const column of COLUMNS.filter((before) => ROW - before >= TELLING)) {
      const dumped = dump(command, column, TOKEN);
      if (dumped === undefined) {
        t.diagnostic(`missing: ${command}`);
        break;
      }
      const output = redactEveryWay([], [dumped], options);
      const first = TOKEN.slice(0, ROW - column);
      assert.ok(longestRun(output, first) <= 1, `${command}, column ${column}:\n${output}`);
    }
  }
});

test('a token as a list of bytes is masked', () => {
  const bytes = Buffer.from(`<${TOKEN}>`);
  const decimal = Array.from(bytes).join(',');
  for (const text of [
    JSON.stringify(bytes),
    JSON.stringify(Array.from(bytes)),
    inspect(bytes),
    inspect(new Uint8Array(bytes)),
    `[${decimal.replaceAll(',', ', ')}]`,
    `bytes: ${decimal}`,
  ]) {
    const output = redactEveryWay([TOKEN], [text]);
    assert.match(output, /^[^*]*(?:60|3c)\b[^*]*\*{3}[^*]*\b(?:62|3e)[^*]*$/, output);
  }
});

test('forms of dumps are made of opaque tokens only', () => {
  const words = 'correct-horse-battery-staple';
  const spaced = Array.from(words).join('   ');
  assert.equal(redactEveryWay([words], [spaced]), spaced);
});
