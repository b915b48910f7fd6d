import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CIPHERS, STORAGE_MODES } from '../../src/vault/files.ts';
import {
  listSecrets,
  readValue,
  readValues,
  removeSecret,
  setSecret,
  showSecret,
} from '../../src/vault/secrets.ts';
import { READ, withDatabase, WRITE } from '../../src/vault/open.ts';
import { makeOpenVault, makeVault, open, secret, VALUE } from './fixture.ts';
import { whenDone } from '../support/cleanup.ts';

for (const storage of STORAGE_MODES) {
  for (const cipher of CIPHERS) {
    test(`a secret is set, listed, shown, read and removed (${storage}, ${cipher})`, async (t) => {
      const vault = await makeOpenVault(t, { storage, cipher });
      const attributes = { provider: 'github', tags: 'ci,prod' };
      await setSecret(vault, 'gh/token', secret(), { attributes });
      await setSecret(vault, 'aws_key', secret('other-value-77'));

      assert.deepEqual(
        (await listSecrets(vault)).map((info) => info.name),
        ['aws_key', 'gh/token'],
      );
      const { created_at, ...shown } = await showSecret(vault, 'gh/token');
      assert.match(created_at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.deepEqual(shown, {
        name: 'gh/token',
        provider: 'github',
        account: null,
        environment: null,
        access: null,
        tags: 'ci,prod',
        description: null,
        last_used_at: null,
      });
      const values = await readValues(vault);
      assert.deepEqual(
        values.map(({ name, value }) => [name, value.reveal()]),
        [
          ['aws_key', 'other-value-77'],
          ['gh/token', VALUE],
        ],
      );

      await removeSecret(vault, 'gh/token');
      await assert.rejects(readValue(vault, 'gh/token'), { code: 'NO_SECRET' });
      await assert.rejects(showSecret(vault, 'gh/token'), { code: 'NO_SECRET' });
      await assert.rejects(removeSecret(vault, 'gh/token'), { code: 'NO_SECRET' });
      assert.equal((await readValue(vault, 'aws_key')).reveal(), 'other-value-77');
    });
  }

  test(`the files of a vault are private and hide names and values (${storage})`, async (t) => {
    const umask = process.umask(0);
    whenDone(t, () => process.umask(umask));
    const directory = await makeVault(t, { storage });
    const vault = open(t, directory);
    const attributes = { description: 'very-telling-description' };
    await setSecret(vault, 'telling_name', secret('first-value-1'), { attributes });
    checkFiles(directory);
    await setSecret(vault, 'telling_name', secret('second-value-2'));
    checkFiles(directory);
    await removeSecret(vault, 'telling_name');
    checkFiles(directory);
    assert.equal(process.umask(), 0, 'the umask of the process is as it was');
  });
}

function checkFiles(directory: string): void {
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  const files = readdirSync(directory);
  assert.ok(files.includes('vault.db') && files.includes('vault.json'), files.join());
  for (const name of files) {
    const file = path.join(directory, name);
    assert.equal(statSync(file).mode & 0o777, 0o600, name);
    const bytes = readFileSync(file).toString('latin1').toLowerCase();
    for (const telling of ['value-', 'telling', 'create table', 'audit_log', 'secrets']) {
      assert.ok(!bytes.includes(telling), `${name} holds ${telling}`);
    }
  }
}

test('set keeps the attributes that are not given and the time of making', async (t) => {
  const vault = await makeOpenVault(t);
  const all = {
    provider: 'p',
    account: 'a',
    environment: 'e',
    access: 'x',
    tags: 't',
    description: 'd',
  };
  await setSecret(vault, 'name', secret('first-value-1'), { attributes: all });
  const before = await showSecret(vault, 'name');
  await setSecret(vault, 'name', secret('second-value-2'), { attributes: { account: 'b' } });
  assert.deepEqual(await showSecret(vault, 'name'), { ...before, account: 'b' });
  assert.equal((await readValue(vault, 'name')).reveal(), 'second-value-2');
  await setSecret(vault, 'name', secret(), { attributes: { tags: '', description: '' } });
  assert.deepEqual(await showSecret(vault, 'name'), {
    ...before,
    account: 'b',
    tags: '',
    description: '',
  });
});

test('escape sequences and line breaks in attributes are not stored', async (t) => {
  const vault = await makeOpenVault(t);
  const attributes = { provider: '\u001b[31mred\u001b[0m', description: 'two\nlines\u0007' };
  await setSecret(vault, 'name', secret(), { attributes });
  const { provider, description } = await showSecret(vault, 'name');
  assert.deepEqual([provider, description], ['red', 'two lines']);
});

test('values come back byte for byte', async (t) => {
  const vault = await makeOpenVault(t);
  const values = [
    'pass word\n',
    'üñï-ço∂é-☃-😀',
    'quo\'te"s;--',
    'x'.repeat(65_535) + 'y',
    'a\r\nb\tcd ',
  ];
  for (const value of values) {
    await setSecret(vault, 'name', secret(value));
    assert.equal((await readValue(vault, 'name')).reveal(), value);
  }
});

test('a bad name or value is refused and nothing is set', async (t) => {
  const vault = await makeOpenVault(t);
  for (const name of ['', '1a', 'a b', 'a,b', 'a\n', 'ä', 'x'.repeat(129), '$x', "a'--"]) {
    await assert.rejects(setSecret(vault, name, secret()), { code: 'BAD_NAME' }, name);
  }
  for (const value of ['abc', 'nul\0-value-1', 'x'.repeat(65_537), 'lone-\ud800-surrogate']) {
    await assert.rejects(setSecret(vault, 'name', secret(value), { allowWeak: true }), {
      code: 'BAD_VALUE',
    });
  }
  await assert.rejects(setSecret(vault, 'name', secret('hunter')), (error: Error) => {
    assert.ok(!error.message.includes('hunter'), 'the message does not tell the value');
    assert.match(JSON.stringify(error), /BAD_VALUE.*--allow-weak/);
    return true;
  });
  assert.deepEqual(await listSecrets(vault), []);
  await setSecret(vault, 'name', secret('hunter'), { allowWeak: true });
  assert.equal((await listSecrets(vault)).length, 1);
});

test('removing leaves the value in no row, not even a deleted one, of the table', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'name', secret());
  const statements: string[] = [];
  await withDatabase(
    vault,
    async (database) => {
      // What a delete leaves is seen by a trigger that runs just before it.
      await database.exec('CREATE TABLE seen (value TEXT)');
      await database.exec(
        'CREATE TRIGGER see BEFORE DELETE ON secrets BEGIN INSERT INTO seen VALUES (OLD.value); END',
      );
    },
    WRITE,
  );
  await removeSecret(vault, 'name');
  const rows = await withDatabase(vault, (database) => database.all('SELECT * FROM seen'), READ);
  statements.push(...rows.map((row) => String(row['value'])));
  assert.deepEqual(statements, ['x'.repeat(VALUE.length)]);
});

test('list and show never select the value column', async (t) => {
  const vault = await makeOpenVault(t, { storage: 'multiprocess' });
  await setSecret(vault, 'name', secret());
  const { connection } = vault;
  assert.ok(connection !== undefined);
  const statements: string[] = [];
  vault.connection = {
    ...connection,
    get: (sql, parameters) => (statements.push(sql), connection.get(sql, parameters)),
    all: (sql, parameters) => (statements.push(sql), connection.all(sql, parameters)),
  };
  await listSecrets(vault);
  await showSecret(vault, 'name');
  assert.equal(statements.length, 2);
  for (const sql of statements) assert.doesNotMatch(sql, /value|\*/i);
});

test('sorts stay in memory, and go to no file in the clear [G6]', async (t) => {
  const vault = await makeOpenVault(t);
  const row = await withDatabase(vault, (database) => database.get('PRAGMA temp_store'), READ);
  assert.deepEqual(row, { temp_store: 2 });
});
