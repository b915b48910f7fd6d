import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { observe } from './observe.ts';
import { expectedCell, ROWS, transparencyTable } from './table.ts';

const DOCUMENT = new URL('../../../docs/transparency.md', import.meta.url);

describe('in a session, as bare [G12]', { concurrency: 3 }, () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
  });
  after(() => vault.remove());

  for (const row of ROWS) {
    const needs = [row.command[0] ?? '', ...(row.needs ?? [])];
    test(`${row.name}: ${row.does}`, { skip: missing(...needs) }, async () => {
      const observed = await observe(vault, row);
      assert.ok(observed.kind !== 'wrong', observed.kind === 'wrong' ? observed.what : '');
      if (row.expected === 'bytes') assert.equal(observed.kind, 'bytes');
    });
  }
});

test('docs/transparency.md has this table', () => {
  const text = transparencyTable(expectedCell).join('\n');
  assert.ok(readFileSync(DOCUMENT, 'utf8').includes(`\n${text}\n`), `it is now:\n${text}`);
});
