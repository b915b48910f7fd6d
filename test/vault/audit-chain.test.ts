import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { checkHeadIn, keepHead } from '../../src/vault/audit-head.ts';
import { deny, grant, recordExit } from '../../src/vault/audit.ts';
import { verifyAudit, type KeptHead, type Verdict } from '../../src/vault/audit-verify.ts';
import { STORAGE_MODES, readVaultFile, vaultPaths } from '../../src/vault/files.ts';
import { changeSlots, READ, withDatabase, WRITE, type OpenVault } from '../../src/vault/open.ts';
import { setSecret } from '../../src/vault/secrets.ts';
import { makeDirectory, makeOpenVault, request, secret } from './fixture.ts';

/** Five rows: ids 1 to 5, the fourth denied, exit code 3 in the second. */
async function withRows(t: TestContext): Promise<OpenVault> {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'known', secret());
  for (const operation of ['op1', 'op2', 'op3', 'op4', 'op5']) {
    if (operation === 'op4') await deny(vault, { ...request([], operation), reason: 'no' });
    else await grant(vault, { ...request(['known'], operation), agent: 'claude' });
  }
  await recordExit(vault, 'op2', 3);
  return vault;
}

async function checkHead(vault: OpenVault): Promise<string | undefined> {
  return withDatabase(vault, (database) => checkHeadIn(database, vault.directory), READ);
}

/** As someone with the key and any SQLite can: without our triggers. */
async function tamper(vault: OpenVault, sql: string): Promise<void> {
  const drop = ['delete', 'update', 'replace'].map((what) => `DROP TRIGGER audit_log_no_${what};`);
  await withDatabase(vault, (database) => database.exec(drop.join('') + sql), WRITE);
}

async function verify(vault: OpenVault): Promise<Verdict> {
  const { audit_head: head } = readVaultFile(vault.directory);
  const heads: KeptHead[] = head === undefined ? [] : [{ ...head, keeper: 'vault.json' }];
  return verifyAudit(vault, heads);
}

async function assertBroken(vault: OpenVault, id: number, why: RegExp): Promise<void> {
  const verdict = await verify(vault);
  assert.ok(verdict.kind === 'broken', JSON.stringify(verdict));
  assert.equal(verdict.id, id);
  assert.match(verdict.why, why);
}

test('an untouched log is whole, with and without a head', async (t) => {
  const vault = await withRows(t);
  assert.deepEqual(await verify(vault), { kind: 'whole', rows: 5, earlier: 0 });
  await keepHead(vault);
  assert.equal(readVaultFile(vault.directory).audit_head?.id, 5);
  await grant(vault, request(['known']));
  assert.deepEqual(await verify(vault), { kind: 'whole', rows: 6, earlier: 0 });
  const empty = await makeOpenVault(t);
  await keepHead(empty);
  assert.deepEqual(await verify(empty), { kind: 'whole', rows: 0, earlier: 0 });
});

const SWAP = `
  UPDATE audit_log SET id = 99 WHERE id = 2;
  UPDATE audit_log SET id = 2 WHERE id = 3;
  UPDATE audit_log SET id = 3 WHERE id = 99;`;
const FORGE = `
  INSERT INTO audit_log (ts, secrets, command, cwd, exit_code, outcome)
  VALUES ('2026-01-01T00:00:00.000Z', 'n', 'c', '/', 0, 'ran');`;
const COPY = `
  INSERT INTO audit_log (ts, secrets, command, cwd, outcome, agent, mac)
  SELECT ts, secrets, command, cwd, outcome, agent, mac FROM audit_log WHERE id = 5;`;

for (const [what, sql, id, why] of [
  ['a command changed', "UPDATE audit_log SET command = 'x' WHERE id = 3", 3, /as it was written/],
  ['an outcome changed', "UPDATE audit_log SET outcome = 'ran' WHERE id = 4", 4, /as it was/],
  ['an agent taken out', 'UPDATE audit_log SET agent = NULL WHERE id = 1', 1, /as it was written/],
  ['a reason changed', "UPDATE audit_log SET reason = 'yes' WHERE id = 4", 4, /as it was written/],
  ['an HMAC taken out', 'UPDATE audit_log SET mac = NULL WHERE id = 3', 3, /has no HMAC/],
  ['the first HMAC taken out', 'UPDATE audit_log SET mac = NULL WHERE id = 1', 2, /or one from/],
  ['an exit code changed', 'UPDATE audit_log SET exit_code = 0 WHERE id = 2', 2, /exit code/],
  ['an exit code put in', 'UPDATE audit_log SET exit_code = 0 WHERE id = 1', 1, /exit code/],
  ['a row deleted', 'DELETE FROM audit_log WHERE id = 3', 3, /is missing: row 4 comes next/],
  [
    'the first row deleted',
    'DELETE FROM audit_log WHERE id = 1',
    1,
    /is missing: row 2 comes next/,
  ],
  ['the last row deleted', 'DELETE FROM audit_log WHERE id = 5', 5, /is missing: .* up to 5/],
  ['all rows deleted', 'DELETE FROM audit_log', 1, /is missing: .* up to 5/],
  ['two rows swapped', SWAP, 2, /as it was written/],
  ['a row put in at the end', FORGE, 6, /has no HMAC/],
  ['a row put in before', FORGE.replace('(ts', '(id, ts').replace("('2", "(-7, '2"), 1, /or one/],
  ['a row copied', COPY, 6, /as it was written/],
] as const) {
  test(`${what}: row ${String(id)} is named`, async (t) => {
    const vault = await withRows(t);
    await tamper(vault, sql);
    await assertBroken(vault, id, why);
  });
}

test('a deleted end is noticed without the counter of ids, by the head, also when rows follow', async (t) => {
  const vault = await withRows(t);
  await keepHead(vault);
  await tamper(vault, 'DELETE FROM audit_log WHERE id > 3; DELETE FROM sqlite_sequence');
  await assertBroken(vault, 4, /is missing: vault\.json knows the log up to row 5/);
  assert.match((await checkHead(vault)) ?? '', /older copy/);
  await grant(vault, request(['known']));
  await grant(vault, request(['known']));
  await grant(vault, request(['known']));
  await keepHead(vault);
  await assertBroken(vault, 5, /is another one than vault\.json knows/);
  await keepHead(vault, { anew: true });
  assert.deepEqual(await verify(vault), { kind: 'whole', rows: 6, earlier: 0 });
  assert.equal(await checkHead(vault), undefined);
});

test('an older vault.db that is put back is noticed', async (t) => {
  const vault = await withRows(t);
  const { database } = vaultPaths(vault.directory);
  const copy = path.join(makeDirectory(t), 'copy');
  copyFileSync(database, copy);
  await grant(vault, request(['known']));
  await keepHead(vault);
  assert.equal(await checkHead(vault), undefined);
  copyFileSync(copy, database);
  await assertBroken(vault, 6, /is missing: vault\.json knows/);
  assert.match((await checkHead(vault)) ?? '', /older copy/);
});

test('the head is never replaced by an older one, and other changes of vault.json stay', async (t) => {
  const vault = await withRows(t);
  const slot = { id: 'aaaaaaaa', kind: 'test' };
  await Promise.all([
    keepHead(vault),
    changeSlots(vault, (slots) => [...slots, slot]),
    keepHead(vault),
  ]);
  const file = readVaultFile(vault.directory);
  assert.deepEqual(file.slots, [slot]);
  assert.equal(file.audit_head?.id, 5);
  const before = readFileSync(vaultPaths(vault.directory).json, 'utf8');
  await tamper(vault, 'DELETE FROM audit_log WHERE id = 5');
  await keepHead(vault);
  assert.equal(readFileSync(vaultPaths(vault.directory).json, 'utf8'), before);
});

for (const storage of STORAGE_MODES) {
  test(`rows that other programs wrote before the chain are told apart and sealed (${storage})`, async (t) => {
    const vault = await makeOpenVault(t, { storage });
    await withDatabase(vault, (database) => database.exec(FORGE + FORGE), WRITE);
    assert.deepEqual(await verify(vault), { kind: 'whole', rows: 2, earlier: 2 });
    await setSecret(vault, 'known', secret());
    await grant(vault, request(['known']));
    assert.deepEqual(await verify(vault), { kind: 'whole', rows: 3, earlier: 2 });
    await tamper(vault, "UPDATE audit_log SET command = 'other' WHERE id = 1");
    await assertBroken(vault, 3, /or one from before the chain is not as it was written/);
  });
}
