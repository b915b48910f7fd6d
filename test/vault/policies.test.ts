import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grant, listAudit } from '../../src/vault/audit.ts';
import { clearPolicy, readRules, readRulesOf, setPolicy } from '../../src/vault/policies.ts';
import { NO_POLICY, type Rules } from '../../src/vault/rules.ts';
import { removeSecret, setSecret } from '../../src/vault/secrets.ts';
import type { GrantRequest } from '../../src/vault/types.ts';
import { makeOpenVault, open, openStore, request, secret } from './fixture.ts';

function expecting(rules: Rules, more: Partial<GrantRequest> = {}): GrantRequest {
  const { name } = rules.info;
  return { ...request([name]), expected: new Map([[name, rules]]), ...more };
}

test('what is set replaces, the rest is kept, and rm takes it away', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'x', secret());
  assert.deepEqual((await readRulesOf(vault, 'x')).policy, NO_POLICY);
  const programs = [{ path: '/bin/a', sha256: null }];
  await setPolicy(vault, 'x', { programs, uses: 3 });
  await setPolicy(vault, 'x', { cwd: '/a', uses: 2 });
  const expected = { ...NO_POLICY, programs, cwd: '/a', uses: 2 };
  assert.deepEqual((await readRulesOf(vault, 'x')).policy, expected);
  await removeSecret(vault, 'x');
  assert.deepEqual(await readRules(vault, ['x']), []);
  await setSecret(vault, 'x', secret());
  assert.deepEqual((await readRulesOf(vault, 'x')).policy, NO_POLICY);
  await setPolicy(vault, 'x', { uses: 2 });
  await clearPolicy(vault, 'x');
  assert.deepEqual((await readRulesOf(vault, 'x')).policy, NO_POLICY);
  await assert.rejects(setPolicy(vault, 'nope', { uses: 1 }), { code: 'NO_SECRET' });
});

test('a grant that expects other rules than there are releases nothing and writes no row', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'x', secret());
  const before = await readRulesOf(vault, 'x');
  const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['its program', () => setPolicy(vault, 'x', { programs: [{ path: '/a', sha256: null }] })],
    ['its directory', () => setPolicy(vault, 'x', { cwd: '/a' })],
    ['its exposures', () => setPolicy(vault, 'x', { exposures: ['env'] })],
    ['its approval', () => setPolicy(vault, 'x', { approval: 'once' })],
    ['its uses', () => setPolicy(vault, 'x', { uses: 5 })],
    ['its access', () => setSecret(vault, 'x', secret(), { attributes: { access: 'admin' } })],
  ];
  for (const [what, change] of changes) {
    await change();
    for (const asked of [expecting(before), request(['x'])]) {
      const result = await grant(vault, asked);
      assert.equal(result.kind, 'changed', what);
    }
    assert.equal((await grant(vault, expecting(await readRulesOf(vault, 'x')))).kind, 'granted');
    await clearPolicy(vault, 'x');
  }
  assert.equal((await listAudit(vault)).length, changes.length);
});

test('an expired or used up secret is granted to nobody, whatever was decided', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'x', secret());
  await setPolicy(vault, 'x', { expires: '2020-01-01T00:00:00.000Z' });
  const expired = await readRulesOf(vault, 'x');
  assert.equal((await grant(vault, expecting(expired))).kind, 'changed');
  assert.equal((await grant(vault, expecting(expired, { forHuman: true }))).kind, 'changed');
  await setPolicy(vault, 'x', { expires: null, uses: 0 });
  const used = await readRulesOf(vault, 'x');
  assert.equal((await grant(vault, expecting(used))).kind, 'changed');
  assert.equal((await grant(vault, expecting(used, { forHuman: true }))).kind, 'granted');
});

test('eight grants at once of a secret with five uses: five', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'x', secret());
  await setPolicy(vault, 'x', { uses: 5 });
  const rules = await readRulesOf(vault, 'x');
  const stores = await Promise.all([1, 2].map(async () => openStore(t, vault.directory)));
  const others = [open(t, vault.directory), open(t, vault.directory)];
  const results = await Promise.all([
    ...[0, 1, 0, 1].map(async (index) => stores[index]?.grant(expecting(rules))),
    ...[0, 1, 0, 1].map(async (index) => grant(others[index] ?? vault, expecting(rules))),
  ]);
  const kinds = results.map((result) => result?.kind ?? '').toSorted((a, b) => a.localeCompare(b));
  assert.deepEqual(kinds, [...Array(3).fill('changed'), ...Array(5).fill('granted')]);
  assert.equal((await readRulesOf(vault, 'x')).policy.uses, 0);
  assert.equal((await listAudit(vault)).length, 5);
});

test('an operation that is repeated takes one use', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'x', secret());
  await setPolicy(vault, 'x', { uses: 1 });
  const asked = expecting(await readRulesOf(vault, 'x'));
  assert.equal((await grant(vault, asked)).kind, 'granted');
  assert.equal((await grant(vault, asked)).kind, 'granted');
  assert.equal((await readRulesOf(vault, 'x')).policy.uses, 0);
});
