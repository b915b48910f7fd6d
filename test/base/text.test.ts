import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { quoteArgv, quoteWord } from '../../src/base/quote.ts';
import { cleanLine, escapeControls } from '../../src/base/text.ts';

test('control characters are shown, never sent', () => {
  assert.equal(
    escapeControls('a\x1b[31mb\r\n\x07\x9b\u202e'),
    'a\\x1b[31mb\\r\\n\\x07\\x9b\\u{202e}',
  );
  assert.equal(escapeControls('plain é ✓'), 'plain é ✓');
});

test('cleaned text has no escape sequences and stays on one line', () => {
  assert.equal(cleanLine(' \x1b[1mbold\x1b[0m\nnext\ttab '), 'bold next tab');
});

test('plain words are not quoted', () => {
  assert.equal(
    quoteArgv(['curl', '-H', 'Authorization: Bearer $VAULT<t>']),
    "curl -H 'Authorization: Bearer $VAULT<t>'",
  );
  assert.equal(quoteWord(''), "''");
});

test('a shell reads every quoted word back as it was', () => {
  const word = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
      const script = `printf '%s\\0' ${quoteArgv(words)}`;
      const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
      assert.deepEqual(read.split('\0').slice(0, -1), words);
    }),
    { numRuns: 50 },
  );
});
