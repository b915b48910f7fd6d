import { VaultShellError } from '../base/errors.ts';
import type { Database } from './engine.ts';

/**
 * The tables, as a numbered list of steps. A vault's `user_version` says how many it has had. Steps
 * are never edited once released; a change is a new step.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS secrets (
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

   -- REPLACE deletes without firing the trigger above, so it is stopped before it begins.
   CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
   WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
     OR EXISTS (SELECT 1 FROM audit_log WHERE operation = NEW.operation)
   BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;

   -- The one change allowed: an exit code that was not known yet.
   CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
   WHEN NOT (OLD.exit_code IS NULL AND NEW.exit_code IS NOT NULL
     AND NEW.id IS OLD.id AND NEW.ts IS OLD.ts AND NEW.secrets IS OLD.secrets
     AND NEW.command IS OLD.command AND NEW.cwd IS OLD.cwd AND NEW.outcome IS OLD.outcome
     AND NEW.operation IS OLD.operation)
   BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;`,

  // Who asked, how the values were given, why not; and the chain (chain.ts).
  `ALTER TABLE audit_log ADD COLUMN program TEXT;
   ALTER TABLE audit_log ADD COLUMN pid INTEGER;
   ALTER TABLE audit_log ADD COLUMN parents TEXT;
   ALTER TABLE audit_log ADD COLUMN session TEXT;
   ALTER TABLE audit_log ADD COLUMN agent TEXT;
   ALTER TABLE audit_log ADD COLUMN exposure TEXT;
   ALTER TABLE audit_log ADD COLUMN reason TEXT;
   ALTER TABLE audit_log ADD COLUMN approval TEXT;
   ALTER TABLE audit_log ADD COLUMN mac TEXT;
   ALTER TABLE audit_log ADD COLUMN exit_mac TEXT;

   DROP TRIGGER audit_log_no_update;

   -- The one change allowed: an exit code that was not known yet, and its HMAC with it.
   CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
   WHEN NOT (OLD.exit_code IS NULL AND NEW.exit_code IS NOT NULL AND OLD.exit_mac IS NULL
     AND NEW.id IS OLD.id AND NEW.ts IS OLD.ts AND NEW.secrets IS OLD.secrets
     AND NEW.command IS OLD.command AND NEW.cwd IS OLD.cwd AND NEW.outcome IS OLD.outcome
     AND NEW.operation IS OLD.operation AND NEW.program IS OLD.program AND NEW.pid IS OLD.pid
     AND NEW.parents IS OLD.parents AND NEW.session IS OLD.session AND NEW.agent IS OLD.agent
     AND NEW.exposure IS OLD.exposure AND NEW.reason IS OLD.reason
     AND NEW.approval IS OLD.approval AND NEW.mac IS OLD.mac)
   BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;`,

  // Who may use a secret (rules.ts), and what waits for a human (approvals.ts).
  `CREATE TABLE policies (
     name TEXT PRIMARY KEY, programs TEXT, cwd TEXT, exposures TEXT, expires TEXT, uses INTEGER,
     approval TEXT);

   CREATE TABLE approvals (
     id TEXT PRIMARY KEY, created TEXT NOT NULL, session TEXT NOT NULL, secrets TEXT NOT NULL,
     command TEXT NOT NULL, cwd TEXT NOT NULL, file TEXT, asker TEXT, state TEXT NOT NULL,
     verdict TEXT, decided_at TEXT, expires TEXT NOT NULL);`,
];

/**
 * Brings the tables up to date. A vault of a newer program is REFUSED; one without tables is
 * VAULT_DAMAGED unless it is `fresh`, for an emptied vault must never pass for an empty one.
 */
export async function migrate(database: Database, { fresh }: { fresh: boolean }): Promise<void> {
  const version = await readVersion(database);
  if (version === MIGRATIONS.length) return;
  if (version > MIGRATIONS.length) {
    throw new VaultShellError('REFUSED', `vault.db is of the newer schema ${version}`, {
      hint: 'use a newer vault-shell',
    });
  }
  if (version === 0 && !fresh) {
    throw new VaultShellError('VAULT_DAMAGED', 'vault.db has no tables', {
      hint: 'put vault.db back from a backup',
    });
  }
  await database.exec('BEGIN IMMEDIATE');
  try {
    // Read again: another process may have done it between the look and the lock.
    for (let next = await readVersion(database); next < MIGRATIONS.length; next += 1) {
      await database.exec(`${MIGRATIONS[next]}\nPRAGMA user_version = ${next + 1};`);
    }
    await database.exec('COMMIT');
  } catch (error) {
    await database.exec('ROLLBACK');
    throw error;
  }
}

async function readVersion(database: Database): Promise<number> {
  const row = await database.get('PRAGMA user_version');
  const version = row?.['user_version'];
  if (typeof version !== 'number') {
    throw new VaultShellError('VAULT_DAMAGED', 'vault.db has no version');
  }
  return version;
}
