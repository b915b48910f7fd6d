import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { grant, listAudit, recordExit } from '../../src/vault/audit.ts';
import { verifyAudit } from '../../src/vault/audit-verify.ts';
import { connectEngine } from '../../src/vault/engine.ts';
import { vaultPaths } from '../../src/vault/files.ts';
import { checkpoint, READ, withDatabase, WRITE } from '../../src/vault/open.ts';
import { KEY, makeVault, open, request, VALUE } from './fixture.ts';

/** The first step as it was released: what a vault of that time looks like. */
const SCHEMA_1 = `
  CREATE TABLE IF NOT EXISTS secrets (
    name TEXT PRIMARY KEY, value TEXT NOT NULL, provider TEXT, account TEXT, environment TEXT,
    access TEXT, tags TEXT NOT NULL DEFAULT '', description TEXT, created_at TEXT NOT NULL,
    last_used_at TEXT);
  CREATE TABLE IF NOT EXISTS audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, ts TEXT NOT NULL, secrets TEXT NOT NULL,
    command TEXT NOT NULL, cwd TEXT NOT NULL, exit_code INTEGER, outcome TEXT NOT NULL,
    operation TEXT);
  CREATE UNIQUE INDEX audit_log_operation ON audit_log (operation);
  CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
  BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
  CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
  WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM audit_log WHERE operation = NEW.operation)
  BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
  CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
  WHEN NOT (OLD.exit_code IS NULL AND NEW.exit_code IS NOT NULL
    AND NEW.id IS OLD.id AND NEW.ts IS OLD.ts AND NEW.secrets IS OLD.secrets
    AND NEW.command IS OLD.command AND NEW.cwd IS OLD.cwd AND NEW.outcome IS OLD.outcome
    AND NEW.operation IS OLD.operation)
  BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
  PRAGMA user_version = 1;`;

async function makeOldVault(t: TestContext): Promise<string> {
  const directory = await makeVault(t);
  const { database: file, wal } = vaultPaths(directory);
  for (const made of [file, wal]) rmSync(made);
  const options = { cipher: 'aes256gcm', storage: 'exclusive', key: KEY, create: true } as const;
  const database = await connectEngine(file, options);
  try {
    await database.exec(SCHEMA_1);
    await database.exec(
      `INSERT INTO secrets (name, value, created_at) VALUES ('known', '${VALUE}', '2026-01-01');
       INSERT INTO audit_log (ts, secrets, command, cwd, outcome, operation)
       VALUES ('2026-01-01T00:00:00.000Z', 'known', 'curl', '/', 'ran', 'old-1'),
         ('2026-01-02T00:00:00.000Z', 'known', 'curl', '/', 'ran', 'old-2');`,
    );
    await checkpoint(database);
  } finally {
    await database.close();
  }
  return directory;
}

test('a vault of the first schema keeps its log, and the chain begins after it', async (t) => {
  const vault = open(t, await makeOldVault(t));
  const before = await listAudit(vault);
  assert.deepEqual(
    before.map(({ operation, agent, parents }) => [operation, agent, parents]),
    [
      ['old-2', null, null],
      ['old-1', null, null],
    ],
  );
  assert.deepEqual(await verifyAudit(vault, []), { kind: 'whole', rows: 2, earlier: 2 });
  assert.equal((await grant(vault, request(['known']))).kind, 'granted');
  // Of a program that was started before.
  await recordExit(vault, 'old-1', 7);
  const after = await listAudit(vault);
  assert.deepEqual(
    after.map(({ id, exit_code }) => [id, exit_code]),
    [
      [3, null],
      [2, null],
      [1, 7],
    ],
  );
  assert.deepEqual(await verifyAudit(vault, []), { kind: 'whole', rows: 3, earlier: 2 });
});

test('two processes that migrate one vault at once leave one schema', async (t) => {
  const directory = await makeOldVault(t);
  const [one, other] = [open(t, directory), open(t, directory)];
  await Promise.all([listAudit(one), listAudit(other)]);
  const version = await withDatabase(one, (database) => database.get('PRAGMA user_version'), READ);
  assert.ok(Number(version?.['user_version']) >= 2);
  const forbidden = "UPDATE audit_log SET mac = 'x', exit_code = 1 WHERE id = 1";
  await assert.rejects(
    withDatabase(one, (database) => database.exec(forbidden), WRITE),
    /append-only/,
  );
});
