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
  ['$VAULT_FILE<x>', ['x']],
  ['$VAULT_FILES<x> $VAULT_<y>', []],
  ['$VAULT_FILE<a>$VAULT<b>', ['a', 'b']],
  ['Bearer $VAULT<gh_token>', ['gh_token']],
  ['$VAULT<a>$VAULT<b>', ['a', 'b']],
  ['$VAULT<a>-$VAULT<a>', ['a', 'a']],
  ['$$VAULT<x>', ['x']],
  ['$VAULT<_a.b/c-D9>', ['_a.b/c-D9']],
  [`$VAULT<${'n'.repeat(128)}>`, ['n'.repeat(128)]],
];

for (const [text, names] of WELL_FORMED) {
  test(`"${text.slice(0, 40)}" names ${String(names.length)} secrets`, () => {
    const scan = scanPlaceholders(text);
    assert.deepEqual(scan.kind === 'ok' && scan.names, names);
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
  const scan = scanPlaceholders(placeholderFor('ok'));
  assert.deepEqual(scan.kind === 'ok' && scan.names, ['ok']);
});

test('a placeholder of a file is told from one of a value, and one without a value stays', () => {
  const text = 'k=$VAULT_FILE<a> v=$VAULT<a> t=$VAULT<b>.';
  const scan = scanPlaceholders(text);
  assert.deepEqual(scan.kind === 'ok' && scan.placeholders, [
    { name: 'a', kind: 'file' },
    { name: 'a', kind: 'value' },
    { name: 'b', kind: 'value' },
  ]);
  const seen = substitutePlaceholders(text, (name) => (name === 'a' ? 'A' : undefined));
  assert.equal(seen, 'k=A v=A t=$VAULT<b>.');
});
