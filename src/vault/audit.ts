import { VaultShellError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { Database, Row } from './engine.ts';
import { READ, withDatabase, WRITE, type OpenVault } from './open.ts';
import { integer, nullableInteger, text } from './row.ts';
import type { AuditRow, GrantRequest, GrantResult } from './types.ts';

/**
 * The log. Every function that writes can be called again with the same operation id and adds nothing:
 * that is what lets a caller repeat a call that a crash left without an answer.
 */

/**
 * Gives the values of a request once its row is committed and on disk. In one transaction: all names
 * exist, then a `ran` row, `last_used_at` and the values; else a `denied` row and the unknown names.
 */
export async function grant(vault: OpenVault, request: GrantRequest): Promise<GrantResult> {
  return withDatabase(vault, (database) => grantIn(database, request), WRITE);
}

async function grantIn(database: Database, request: GrantRequest): Promise<GrantResult> {
  const { operation, names } = request;
  const before = await database.get(OUTCOME, { operation });
  if (before?.['outcome'] === 'denied') return { kind: 'unknown', names };
  const values: Secret[] = [];
  const unknown: string[] = [];
  for (const name of names) {
    const row = await database.get('SELECT value FROM secrets WHERE name = :name', { name });
    if (row === undefined) unknown.push(name);
    else values.push(new Secret(text(row, 'value')));
  }
  if (before === undefined) {
    await insert(database, request, unknown.length === 0 ? 'ran' : 'denied');
  }
  if (unknown.length > 0) return { kind: 'unknown', names: unknown };
  const now = new Date().toISOString();
  for (const name of names) {
    await database.run('UPDATE secrets SET last_used_at = :now WHERE name = :name', { now, name });
  }
  return { kind: 'granted', values };
}

const OUTCOME = 'SELECT outcome FROM audit_log WHERE operation = :operation';

/** Commits a `denied` row. */
export async function deny(vault: OpenVault, request: GrantRequest): Promise<void> {
  await withDatabase(
    vault,
    async (database) => {
      const before = await database.get(OUTCOME, { operation: request.operation });
      if (before === undefined) await insert(database, request, 'denied');
    },
    WRITE,
  );
}

async function insert(
  database: Database,
  { operation, names, command, cwd }: GrantRequest,
  outcome: AuditRow['outcome'],
): Promise<void> {
  const ts = new Date().toISOString();
  await database.run(
    `INSERT INTO audit_log (ts, secrets, command, cwd, outcome, operation)
     VALUES (:ts, :secrets, :command, :cwd, :outcome, :operation)`,
    { ts, secrets: names.join(','), command, cwd, outcome, operation },
  );
}

/** Fills in the exit code of a `ran` row; once it is there, or when there is no such row, nothing. */
export async function recordExit(
  vault: OpenVault,
  operation: string,
  exitCode: number,
): Promise<void> {
  await withDatabase(
    vault,
    (database) =>
      database.run(
        `UPDATE audit_log SET exit_code = :exitCode
         WHERE operation = :operation AND outcome = 'ran' AND exit_code IS NULL`,
        { operation, exitCode },
      ),
    WRITE,
  );
}

export interface AuditQuery {
  /** At most this many rows; all when not given. */
  readonly limit?: number | undefined;
  /** Only rows that name this secret. */
  readonly secret?: string | undefined;
}

/** Gives rows of the log, newest first. */
export async function listAudit(
  vault: OpenVault,
  { limit = -1, secret }: AuditQuery = {},
): Promise<AuditRow[]> {
  const parameters = { limit, ...(secret === undefined ? {} : { secret }) };
  const rows = await withDatabase(
    vault,
    (database) => database.all(secret === undefined ? ALL_ROWS : ROWS_OF_SECRET, parameters),
    READ,
  );
  return rows.map(asAuditRow);
}

const COLUMNS = 'id, ts, secrets, command, cwd, exit_code, outcome';
const ALL_ROWS = `SELECT ${COLUMNS} FROM audit_log ORDER BY id DESC LIMIT :limit`;
const ROWS_OF_SECRET = `
  SELECT ${COLUMNS} FROM audit_log
  WHERE instr(',' || secrets || ',', ',' || :secret || ',') > 0
  ORDER BY id DESC LIMIT :limit`;

function asAuditRow(row: Row): AuditRow {
  const outcome = text(row, 'outcome');
  if (outcome !== 'ran' && outcome !== 'denied') {
    throw new VaultShellError('VAULT_DAMAGED', 'vault.db has something unexpected in outcome');
  }
  return {
    id: integer(row, 'id'),
    ts: text(row, 'ts'),
    secrets: text(row, 'secrets').split(',').filter(Boolean),
    command: text(row, 'command'),
    cwd: text(row, 'cwd'),
    exit_code: nullableInteger(row, 'exit_code'),
    outcome,
  };
}
