import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { placeholderFor, scanPlaceholders } from '../../src/base/placeholder.ts';
import { ROOT } from '../support/hook-environment.ts';

const CASES = [
  '',
  'plain text',
  '$VAULT',
  '$VAULT<',
  '$VAULT<>',
  '$VAULT<gh>',
  '$VAULT<gh',
  '$VAULT<gh >',
  '$VAULT< gh>',
  '$VAULT<9lives>',
  '$VAULT<_>',
  '$VAULT<-a>',
  '$VAULT<a-b.c/d_e9>',
  '$VAULT<a$>',
  '$VAULT<a>$VAULT<b>',
  '$VAULT_FILE',
  '$VAULT_FILE<',
  '$VAULT_FILE<gh>',
  '$VAULT_FILE<9>',
  '$VAULT_FILES<gh>',
  '$VAULT_FILE$VAULT<gh>',
  '$VAULT_FILE<a>$VAULT<a>$VAULT_FILE<b>',
  '$VAULT<a>$VAULT<',
  '$VAULT<$VAULT<a>>',
  '$$VAULT<a>',
  '${VAULT}<a>',
  '$vault<a>',
  '$VAULT<a\n>',
  '$VAULT<naïve>',
  'é$VAULT<a>é',
  placeholderFor('a'.repeat(128)),
  placeholderFor('a'.repeat(129)),
  `${placeholderFor('a')} then ${placeholderFor('b')} then ${placeholderFor('a')}`,
];

test('the hook and the TypeScript side see the same placeholders', () => {
  const parts = fc.constantFrom(
    '$VAULT<',
    '$VAULT',
    '_FILE',
    '>',
    '$',
    'V',
    'a',
    'B9',
    '.',
    '/',
    '-',
    '_',
    ' ',
    'é',
    '<',
  );
  const random = fc.sample(
    fc.array(parts, { maxLength: 12 }).map((list) => list.join('')),
    500,
  );
  const texts = [...CASES, ...random];
  const seen = scanInC(texts);
  for (const [index, text] of texts.entries()) {
    assert.equal(seen[index], scanHere(text), JSON.stringify(text));
  }
});

function scanInC(texts: readonly string[]): string[] {
  const shell = path.join(ROOT, 'shell');
  execFileSync('make', ['-s', '-C', shell, 'unit']);
  const input = texts.map((text) => `${Buffer.from(text).toString('hex')}\n`).join('');
  const output = execFileSync(path.join(ROOT, 'dist/hook-unit-test'), ['scan'], {
    input,
    encoding: 'utf8',
  });
  // Names ahead of a malformed placeholder are nobody's business: everything is refused.
  return output
    .trimEnd()
    .split('\n')
    .map((line) => (line.endsWith('malformed') ? 'malformed' : line));
}

function scanHere(text: string): string {
  const scan = scanPlaceholders(text);
  if (scan.kind === 'malformed') return 'malformed';
  const seen = scan.placeholders.map(({ name, kind }) => (kind === 'file' ? `file:${name}` : name));
  return [...seen, 'ok'].join(' ');
}
