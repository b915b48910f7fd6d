import assert from 'node:assert/strict';
import test from 'node:test';
import { compose, openSpelling, type Style } from '../../src/redact/spelling.ts';

const VOWEL = /([aeiouäöü])/u;
const upper: Style = (character) => character.toUpperCase();
const doubled: Style = (character) => character + character;
const same: Style = (character) => character;

test('a style is asked once for each special character of a text', () => {
  const { specials, spell } = openSpelling('banana tree', VOWEL);
  const asked: string[] = [];
  const style: Style = (character) => {
    asked.push(character);
    return `<${character}>`;
  };
  assert.deepEqual(spell({ all: [style], unprintable: [] }), ['b<a>n<a>n<a> tr<e><e>']);
  assert.deepEqual(asked, ['a', 'e']);
  assert.deepEqual(specials, ['a', 'e']);
});

test('a text that is the same as one before is not given', () => {
  const { spell } = openSpelling('tree', VOWEL);
  assert.deepEqual(spell({ all: [same, upper, upper], unprintable: [] }), ['trEE']);
  assert.deepEqual(spell({ all: [upper, doubled], unprintable: [doubled] }), ['treeee']);
  const plain = openSpelling('my rhythm', VOWEL);
  assert.deepEqual(plain.spell({ all: [upper, doubled], unprintable: [same] }), []);
});

test('some styles are for what is not printable ASCII', () => {
  const styles = { all: [upper], unprintable: [doubled] };
  assert.deepEqual(openSpelling('tree', VOWEL).spell(styles), ['trEE']);
  assert.deepEqual(openSpelling('öre', VOWEL).spell(styles), ['ÖrE', 'ööree']);
});

test('styles on top of each other', () => {
  const style = compose(doubled, (character) => `<${character}>`);
  assert.deepEqual(openSpelling('tree', VOWEL).spell({ all: [style], unprintable: [] }), [
    'tr<e><e><e><e>',
  ]);
});
