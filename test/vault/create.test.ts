import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { VaultShellError } from '../../src/base/errors.ts';
import { createVault } from '../../src/vault/create.ts';
import { readVaultFile } from '../../src/vault/files.ts';
import { changeSlots, withDatabase, WRITE } from '../../src/vault/open.ts';
import { listSecrets } from '../../src/vault/secrets.ts';
import { fingerprint, KEY, makeDirectory, makeOpenVault, makeVault, open } from './fixture.ts';
import { whenDone } from '../support/cleanup.ts';

const VAULT_FILES = ['vault.db', 'vault.db-wal', 'vault.json'];

test('a new vault is three private files and the directories above it', async (t) => {
  const umask = process.umask(0);
  whenDone(t, () => process.umask(umask));
  const directory = path.join(makeDirectory(t), 'a', 'b');
  const slots = [{ id: '00000000', kind: 'keychain' }];
  const made = await createVault(directory, { key: KEY, slots, cipher: 'aegis256' });
  assert.deepEqual(readdirSync(directory).toSorted(), VAULT_FILES);
  assert.equal(statSync(path.dirname(directory)).mode & 0o777, 0o700);
  for (const name of readdirSync(directory)) {
    assert.equal(statSync(path.join(directory, name)).mode & 0o777, 0o600);
  }
  const header = readFileSync(path.join(directory, 'vault.db')).subarray(0, 7);
  assert.deepEqual([...header], [...Buffer.from('Turso\0'), 3]);
  assert.deepEqual(readVaultFile(directory), made);
  const { id, created_at, ...rest } = made;
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.ok(!Number.isNaN(Date.parse(created_at)));
  assert.deepEqual(rest, { format: 1, storage: 'exclusive', cipher: 'aegis256', slots });
  assert.deepEqual(await listSecrets(open(t, directory)), []);
});

test('a vault that is there is never made anew', async (t) => {
  const directory = await makeVault(t);
  const before = fingerprint(directory);
  await assert.rejects(createVault(directory, { key: KEY }), { code: 'VAULT_EXISTS' });
  assert.deepEqual(fingerprint(directory), before);
  rmSync(path.join(directory, 'vault.json'));
  await assert.rejects(createVault(directory, { key: KEY }), { code: 'VAULT_EXISTS' });
  assert.ok(!readdirSync(directory).includes('vault.json'));
});

test('of two that make the same vault at once, one is refused', async (t) => {
  const directory = path.join(makeDirectory(t), 'vault');
  const results = await Promise.allSettled([
    createVault(directory, { key: KEY }),
    createVault(directory, { key: Buffer.alloc(32, 1) }),
  ]);
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  const refused = results.find((result) => result.status === 'rejected');
  assert.ok(refused?.reason instanceof VaultShellError);
  assert.equal(refused.reason.code, 'VAULT_EXISTS');
  assert.deepEqual(readdirSync(directory).toSorted(), VAULT_FILES);
});

test('an existing directory is used if it is private and left as it was on failure', async (t) => {
  const directory = makeDirectory(t);
  writeFileSync(path.join(directory, 'notes'), 'mine');
  chmodSync(directory, 0o755);
  await assert.rejects(createVault(directory, { key: KEY }), { code: 'VAULT_UNSAFE' });
  assert.deepEqual(readdirSync(directory), ['notes']);
  chmodSync(directory, 0o700);
  await createVault(directory, { key: KEY });
  assert.deepEqual(readdirSync(directory).toSorted(), ['notes', ...VAULT_FILES]);
});

test('a failure half-way leaves nothing behind', async (t) => {
  const parent = makeDirectory(t);
  const directory = path.join(parent, 'a', 'vault');
  // The engine refuses a key of another length, when the directories are made already.
  await assert.rejects(createVault(directory, { key: Buffer.alloc(31, 1) }));
  assert.deepEqual(readdirSync(parent), []);
});

test('a place where nothing can be made is VAULT_IO or NO_VAULT, in one line', async (t) => {
  const file = path.join(makeDirectory(t), 'file');
  writeFileSync(file, '');
  for (const directory of [path.join(file, 'vault'), '/proc/vault-shell-test']) {
    await assert.rejects(createVault(directory, { key: KEY }), { code: 'VAULT_IO' });
    assert.throws(() => readVaultFile(directory), { code: 'NO_VAULT' });
    assert.ok(!existsSync(directory));
  }
});

test('a newer schema and a vault without tables are refused', async (t) => {
  const vault = await makeOpenVault(t);
  await withDatabase(vault, (database) => database.exec('PRAGMA user_version = 99'), WRITE);
  await assert.rejects(listSecrets(vault), { code: 'REFUSED', message: /newer schema 99/ });
  const other = await makeOpenVault(t);
  await withDatabase(other, (database) => database.exec('PRAGMA user_version = 0'), WRITE);
  await assert.rejects(listSecrets(other), { code: 'VAULT_DAMAGED', message: /no tables/ });
});

function slot(id: string): { id: string } {
  return { id };
}

test('slots are changed in one piece, only with the right key', async (t) => {
  const directory = await makeVault(t);
  const vault = open(t, directory);
  await changeSlots(vault, () => [slot('a')]);
  // Two at once: neither undoes the other.
  await Promise.all([
    changeSlots(vault, (slots) => [...slots, slot('b')]),
    changeSlots(vault, (slots) => [...slots, slot('c')]),
  ]);
  assert.deepEqual(readVaultFile(directory).slots, [slot('a'), slot('b'), slot('c')]);
  assert.equal(statSync(path.join(directory, 'vault.json')).mode & 0o777, 0o600);
  const before = fingerprint(directory);
  const wrong = open(t, directory, Buffer.alloc(32, 1));
  await assert.rejects(
    changeSlots(wrong, () => []),
    { code: 'WRONG_KEY' },
  );
  const failing = changeSlots(vault, () => {
    throw new Error('no');
  });
  await assert.rejects(failing);
  assert.deepEqual(fingerprint(directory), before);
});
