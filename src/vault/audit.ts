import { Secret } from '../base/secret.ts';
import { appendRow, asAuditRow, AUDIT_COLUMNS, fillInExit } from './audit-row.ts';
import type { Database } from './engine.ts';
import { READ, withDatabase, WRITE, type OpenVault } from './open.ts';
import { integer, text } from './row.ts';
import {
  isExpired,
  isLapsed,
  isPlain,
  isSameDecision,
  RULES_COLUMNS,
  RULES_TABLES,
  rulesOf,
  type Rules,
} from './rules.ts';
import type { AuditRow, GrantRequest, GrantResult, Outcome } from './types.ts';
import { unknownText } from './unknown-names.ts';

/**
 * The log. Every function that writes can be called again with the same operation id and adds nothing:
 * that is what lets a caller repeat a call that a crash left without an answer.
 */

/**
 * Gives the values of a request once its row is committed and on disk. In one transaction: all names
 * exist, then a `ran` row, `last_used_at`, uses counted and the values; else a `denied` row and the
 * unknown names. No row at all where a policy is not the expected one.
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
  const found: Rules[] = [];
  const unknown: string[] = [];
  for (const name of names) {
    const row = await database.get(VALUE_AND_RULES, { name });
    if (row === undefined) {
      unknown.push(name);
    } else {
      values.push(new Secret(text(row, 'value')));
      found.push(rulesOf(row));
    }
  }
  if (before === undefined) {
    if (unknown.length > 0) {
      await appendRow(database, vault, { ...request, reason: unknownText(unknown) }, 'denied');
    } else {
      const now = new Date().toISOString();
      if (!found.every((rules) => isAsExpected(request, rules, now))) {
        return { kind: 'changed', rules: found };
      }
      await appendRow(database, vault, request, 'ran');
      if (request.forHuman !== true) await countUses(database, found);
    }
  }
  if (unknown.length > 0) return { kind: 'unknown', names: unknown };
  const now = new Date().toISOString();
  for (const name of names) {
    await database.run('UPDATE secrets SET last_used_at = :now WHERE name = :name', { now, name });
  }
  return { kind: 'granted', values };
}

const VALUE_AND_RULES = `
  SELECT s.value, ${RULES_COLUMNS} FROM ${RULES_TABLES} WHERE s.name = :name`;

/** A secret that the request expects nothing of must be one that anyone may use. */
function isAsExpected(request: GrantRequest, found: Rules, now: string): boolean {
  const expected = request.expected?.get(found.info.name);
  if (request.forHuman === true) return !isExpired(found.policy, now);
  if (isLapsed(found, now)) return false;
  return expected === undefined ? isPlain(found) : isSameDecision(expected, found);
}

async function countUses(database: Database, found: readonly Rules[]): Promise<void> {
  for (const { info, policy } of found) {
    if (policy.uses === null) continue;
    const sql = 'UPDATE policies SET uses = uses - 1 WHERE name = :name AND uses > 0';
    await database.run(sql, { name: info.name });
  }
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
