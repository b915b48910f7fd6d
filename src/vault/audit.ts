import { Secret } from '../base/secret.ts';
import { appendRow, asAuditRow, AUDIT_COLUMNS, fillInExit } from './audit-row.ts';
import type { Database } from './engine.ts';
import { READ, withDatabase, WRITE, type OpenVault } from './open.ts';
import { integer, text } from './row.ts';
import type { AuditRow, GrantRequest, GrantResult, Outcome } from './types.ts';
import { unknownText } from './unknown-names.ts';

/**
 * The log. Every function that writes can be called again with the same operation id and adds nothing:
 * that is what lets a caller repeat a call that a crash left without an answer.
 */

/**
 * Gives the values of a request once its row is committed and on disk. In one transaction: all names
 * exist, then a `ran` row, `last_used_at` and the values; else a `denied` row and the unknown names.
 */
export async function grant(vault: OpenVault, request: GrantRequest): Promise<GrantResult> {
  return withDatabase(vault, (database) => grantIn(database, vault, request), WRITE);
}

/** As `grant`, within a transaction of the caller's. */
export async function grantIn(
  database: Database,
  vault: OpenVault,
  request: GrantRequest,
): Promise<GrantResult> {
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
    if (unknown.length === 0) await appendRow(database, vault, request, 'ran');
    else await appendRow(database, vault, { ...request, reason: unknownText(unknown) }, 'denied');
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
  await withDatabase(vault, (database) => denyIn(database, vault, request), WRITE);
}

/** As `deny`, within a transaction of the caller's. */
export async function denyIn(
  database: Database,
  vault: OpenVault,
  request: GrantRequest,
): Promise<void> {
  const before = await database.get(OUTCOME, { operation: request.operation });
  if (before === undefined) await appendRow(database, vault, request, 'denied');
}

/** Fills in the exit code of a `ran` row; once it is there, or when there is no such row, nothing. */
export async function recordExit(
  vault: OpenVault,
  operation: string,
  exitCode: number,
): Promise<void> {
  await withDatabase(vault, (database) => fillInExit(database, vault, operation, exitCode), WRITE);
}

export interface AuditQuery {
  /** At most this many rows; all when not given. */
  readonly limit?: number | undefined;
  /** Only rows that name this secret. */
  readonly secret?: string | undefined;
  readonly outcome?: Outcome | undefined;
  /** Only rows of this time or later: ISO 8601 UTC, as `toISOString` gives it. */
  readonly since?: string | undefined;
  /** Only rows with a higher id. */
  readonly after?: number | undefined;
}

/** Gives rows of the log, newest first. */
export async function listAudit(vault: OpenVault, query: AuditQuery = {}): Promise<AuditRow[]> {
  const { limit = -1, secret, outcome, since, after } = query;
  const parameters: Record<string, string | number> = { limit };
  const conditions: string[] = [];
  const only = (condition: string, name: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    parameters[name] = value;
  };
  only("instr(',' || secrets || ',', ',' || :secret || ',') > 0", 'secret', secret);
  only('outcome = :outcome', 'outcome', outcome);
  only('ts >= :since', 'since', since);
  only('id > :after', 'after', after);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const sql = `SELECT ${AUDIT_COLUMNS} FROM audit_log ${where} ORDER BY id DESC LIMIT :limit`;
  const rows = await withDatabase(vault, (database) => database.all(sql, parameters), READ);
  return rows.map(asAuditRow);
}

/** Gives the id of the newest row; 0 when there is none. */
export async function lastAuditId(vault: OpenVault): Promise<number> {
  const sql = 'SELECT COALESCE(max(id), 0) AS last FROM audit_log';
  const row = await withDatabase(vault, (database) => database.get(sql), READ);
  return row === undefined ? 0 : integer(row, 'last');
}
