import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { VaultShellError } from '../../src/base/errors.ts';
import { STORAGE_MODES } from '../../src/vault/files.ts';
import { closeVault, openVault } from '../../src/vault/open.ts';
import { listSecrets, setSecret } from '../../src/vault/secrets.ts';
import { fingerprint, KEY, makeVault, open, secret } from './fixture.ts';
import { whenDone } from '../support/cleanup.ts';

const WRITER = fileURLToPath(new URL('writer.js', import.meta.url));

/** What is done to a good vault, and the error that the next opening must end with. */
interface Case {
  readonly name: string;
  readonly code: string;
  readonly message: RegExp;
  readonly damage: (files: { directory: string; db: string; json: string }) => void;
  readonly key?: Buffer;
  /** Seen only by a query, before which the engine notes a reader in its coordination file. */
  readonly late?: true;
}

const CASES: readonly Case[] = [
  {
    name: 'another key',
    code: 'WRONG_KEY',
    message: /key does not open/,
    damage: () => undefined,
    key: Buffer.alloc(32, 1),
  },
  {
    name: 'an empty vault.db',
    code: 'VAULT_DAMAGED',
    message: /is empty/,
    damage: ({ db }) => truncateSync(db, 0),
  },
  {
    name: 'a vault.db cut inside a page',
    code: 'VAULT_DAMAGED',
    message: /cut short/,
    damage: ({ db }) => truncateSync(db, statSync(db).size - 100),
  },
  {
    name: 'a vault.db cut between pages',
    code: 'VAULT_DAMAGED',
    message: /cut short/,
    damage: ({ db }) => truncateSync(db, statSync(db).size - 4096),
  },
  {
    name: 'a vault.db cut to 50 bytes',
    code: 'VAULT_DAMAGED',
    message: /cut short/,
    damage: ({ db }) => truncateSync(db, 50),
  },
  {
    name: 'garbage for a vault.db',
    code: 'VAULT_DAMAGED',
    message: /no vault/,
    damage: ({ db }) => writeFileSync(db, Buffer.alloc(8192, 'garbage!')),
  },
  {
    name: 'a plain SQLite file',
    code: 'VAULT_DAMAGED',
    message: /not encrypted/,
    damage: ({ db }) => {
      const plain = Buffer.alloc(4096);
      plain.write('SQLite format 3\0');
      writeFileSync(db, plain);
    },
  },
  {
    name: 'no vault.db',
    code: 'VAULT_DAMAGED',
    message: /missing/,
    damage: ({ db }) => rmSync(db),
  },
  {
    name: 'a bit flipped in the first page',
    code: 'WRONG_KEY',
    message: /key does not open/,
    damage: ({ db }) => flip(db, 2000),
  },
  {
    name: 'a bit flipped in every page but the first',
    code: 'VAULT_DAMAGED',
    late: true,
    message: /vault.db is damaged/,
    damage: ({ db }) => {
      for (let page = 1; page < statSync(db).size / 4096; page += 1) flip(db, page * 4096 + 2000);
    },
  },
  {
    name: 'another cipher in vault.json',
    code: 'VAULT_DAMAGED',
    message: /another cipher/,
    damage: ({ json }) => edit(json, 'aes256gcm', 'aegis256'),
  },
  {
    name: 'no vault.json',
    code: 'VAULT_DAMAGED',
    message: /vault.json is missing/,
    damage: ({ json }) => rmSync(json),
  },
  {
    name: 'a vault.json that is no JSON',
    code: 'VAULT_DAMAGED',
    message: /no JSON/,
    damage: ({ json }) => writeFileSync(json, '{'),
  },
  {
    name: 'a vault.json of a newer format',
    code: 'REFUSED',
    message: /newer format 2/,
    damage: ({ json }) => edit(json, '"format": 1', '"format": 2'),
  },
  {
    name: 'an unknown storage mode',
    code: 'VAULT_DAMAGED',
    message: /storage mode/,
    damage: ({ json }) => edit(json, /"(exclusive|multiprocess)"/, '"shared"'),
  },
  {
    name: 'a directory that others can enter',
    code: 'VAULT_UNSAFE',
    message: /other users/,
    damage: ({ directory }) => chmodSync(directory, 0o750),
  },
  {
    name: 'a vault.db that others can read',
    code: 'VAULT_UNSAFE',
    message: /other users/,
    damage: ({ db }) => chmodSync(db, 0o644),
  },
  {
    name: 'a log that others can write',
    code: 'VAULT_UNSAFE',
    message: /other users/,
    damage: ({ db }) => chmodSync(`${db}-wal`, 0o620),
  },
  {
    name: 'a vault.json that others can read',
    code: 'VAULT_UNSAFE',
    message: /other users/,
    damage: ({ json }) => chmodSync(json, 0o604),
  },
  {
    name: 'a vault.db that is a link',
    code: 'VAULT_UNSAFE',
    message: /not a file/,
    damage: ({ db }) => {
      renameSync(db, `${db}.real`);
      symlinkSync(`${db}.real`, db);
    },
  },
  {
    name: 'a vault.db that is a directory',
    code: 'VAULT_UNSAFE',
    message: /not a file/,
    damage: ({ db }) => {
      rmSync(db);
      mkdirSync(db, { mode: 0o700 });
    },
  },
  {
    name: 'a coordination file that is garbage',
    code: 'VAULT_DAMAGED',
    message: /tshm is damaged/,
    damage: ({ db }) => writeFileSync(`${db}-tshm`, Buffer.alloc(86_016, 7), { mode: 0o600 }),
  },
];

// Only root can give a file away.
const OTHER_OWNER: Case = {
  name: 'a vault.db of another user',
  code: 'VAULT_UNSAFE',
  message: /another user/,
  damage: ({ db }) => chownSync(db, 65_534, 65_534),
};
const ALL_CASES = process.getuid?.() === 0 ? [...CASES, OTHER_OWNER] : CASES;

for (const storage of STORAGE_MODES) {
  for (const { name, code, message, damage, key, late } of ALL_CASES) {
    test(`${name} is refused in one line and changes nothing (${storage})`, async (t) => {
      const directory = await makeVault(t, { storage });
      if (storage === 'multiprocess') await useOnce(directory);
      const db = path.join(directory, 'vault.db');
      damage({ directory, db, json: path.join(directory, 'vault.json') });
      const look = (): string[] =>
        fingerprint(directory).filter((line) => late !== true || !line.startsWith('vault.db-tshm'));
      const before = look();
      await assert.rejects(
        async () => listSecrets(open(t, directory, key)),
        (error: unknown) => {
          assert.ok(error instanceof VaultShellError);
          assert.equal(error.code, code, error.message);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /\n/);
          assert.ok(error.hint !== undefined, 'there is a hint');
          return true;
        },
      );
      assert.deepEqual(look(), before);
    });
  }
}

/** Lets the engine make its coordination file, which only this mode has. */
async function useOnce(directory: string): Promise<void> {
  const vault = openVault(directory, KEY);
  await listSecrets(vault);
  await closeVault(vault);
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

function edit(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, 'utf8');
  const edited = text.replace(from, to);
  assert.notEqual(edited, text);
  writeFileSync(file, edited);
}

test('a log that is gone while the coordination file counts on it is refused', async (t) => {
  const directory = await makeVault(t, { storage: 'multiprocess' });
  const { status, signal } = spawnSync(process.execPath, [WRITER, directory, '1', 'kill']);
  assert.deepEqual([status, signal], [null, 'SIGKILL']);
  const wal = path.join(directory, 'vault.db-wal');
  assert.ok(statSync(wal).size > 0, 'the killed writer left a log');
  truncateSync(wal, 0);
  const before = fingerprint(directory);
  const refused = { code: 'VAULT_DAMAGED', message: /does not fit/ };
  await assert.rejects(listSecrets(open(t, directory)), refused);
  assert.deepEqual(fingerprint(directory), before);
  rmSync(path.join(directory, 'vault.db-tshm'));
  assert.equal((await listSecrets(open(t, directory))).length, 1, 'the hint helps');
});

test('what others can reach is refused at once, also while it is held open', async (t) => {
  const directory = await makeVault(t);
  const vault = openVault(directory, KEY, { lingers: true });
  whenDone(t, () => closeVault(vault));
  // It is held open, unless the disk took so long that it was others' turn.
  for (let tries = 0; tries < 100 && vault.connection === undefined; tries += 1) {
    await setSecret(vault, 'one', secret());
  }
  assert.notEqual(vault.connection, undefined, 'it is held open');
  chmodSync(directory, 0o755);
  await assert.rejects(setSecret(vault, 'two', secret()), { code: 'VAULT_UNSAFE' });
});
