import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isName,
  placeholderFor,
  scanPlaceholders,
  substitutePlaceholders,
} from '../../src/base/placeholder.ts';

const WELL_FORMED: readonly [string, readonly string[]][] = [
  ['', []],
  ['no placeholder', []],
  ['$VAULT', []],
  ['$VAULT <x>', []],
  ['$vault<x>', []],
  ['$VAULT<x>', ['x']],
  ['Bearer $VAULT<gh_token>', ['gh_token']],
  ['$VAULT<a>$VAULT<b>', ['a', 'b']],
  ['$VAULT<a>-$VAULT<a>', ['a', 'a']],
  ['$$VAULT<x>', ['x']],
  ['$VAULT<_a.b/c-D9>', ['_a.b/c-D9']],
  [`$VAULT<${'n'.repeat(128)}>`, ['n'.repeat(128)]],
];

for (const [text, names] of WELL_FORMED) {
  test(`"${text.slice(0, 40)}" names ${String(names.length)} secrets`, () => {
    assert.deepEqual(scanPlaceholders(text), { kind: 'ok', names });
  });
}

const MALFORMED = [
  '$VAULT<',
  '$VAULT<>',
  '$VAULT<a',
  '$VAULT<1a>',
  '$VAULT<a b>',
  '$VAULT<a,b>',
  '$VAULT<é>',
  '$VAULT<$VAULT<a>>',
  `$VAULT<${'n'.repeat(129)}>`,
  'fine $VAULT<a> then $VAULT<',
];

for (const text of MALFORMED) {
  test(`"${text.slice(0, 40)}" is malformed`, () => {
    assert.equal(scanPlaceholders(text).kind, 'malformed');
  });
}

test('substitution replaces every placeholder and nothing else', () => {
  const text = 'a $VAULT<x> b $VAULT<y/z>$VAULT<x> $VAULT';
  assert.equal(
    substitutePlaceholders(text, (name) => `[${name}]`),
    'a [x] b [y/z][x] $VAULT',
  );
});

test('a value that looks like a placeholder is not resolved again', () => {
  assert.equal(
    substitutePlaceholders('$VAULT<x>', () => '$VAULT<x>'),
    '$VAULT<x>',
  );
});

test('a name and its placeholder belong together', () => {
  assert.ok(isName('ok'));
  assert.deepEqual(scanPlaceholders(placeholderFor('ok')), { kind: 'ok', names: ['ok'] });
});
