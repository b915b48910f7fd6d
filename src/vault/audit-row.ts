import { chainKey, EARLIER_COLUMNS, EMPTY_SEAL, exitMac, rowMac, sealMac } from './chain.ts';
import type { Database, Parameters, Row } from './engine.ts';
import type { OpenVault } from './open.ts';
import { integer, nullableInteger, nullableJson, nullableText, text, unexpected } from './row.ts';
import {
  isExposures,
  OUTCOMES,
  type AuditRow,
  type GrantRequest,
  type Outcome,
  type ProcessName,
} from './types.ts';

/** Adds a row at the end of the chain. Only within a write transaction: two ends would be two chains. */
export async function appendRow(
  database: Database,
  vault: OpenVault,
  request: GrantRequest,
  outcome: Outcome,
): Promise<void> {
  const key = chainKey(vault);
  const last = await database.get(LAST_ID);
  const row = columnsOf(request, outcome, 1 + (last === undefined ? 0 : integer(last, 'last')));
  const mac = rowMac(key, await endOfChain(database, key), row);
  await database.run(INSERT, { ...row, mac });
}

/** Counting those that were deleted: an id is never used again. */
export const LAST_ID = `
  SELECT max(COALESCE((SELECT max(id) FROM audit_log), 0),
    COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'audit_log'), 0)) AS last`;

const INSERT = `
  INSERT INTO audit_log (id, ts, secrets, command, cwd, outcome, operation, program, pid, parents,
    session, agent, exposure, reason, approval, mac)
  VALUES (:id, :ts, :secrets, :command, :cwd, :outcome, :operation, :program, :pid, :parents,
    :session, :agent, :exposure, :reason, :approval, :mac)`;

function columnsOf(request: GrantRequest, outcome: Outcome, id: number): Parameters {
  const { parents, exposures } = request;
  return {
    id,
    ts: new Date().toISOString(),
    secrets: request.names.join(','),
    command: asStored(request.command),
    cwd: asStored(request.cwd),
    outcome,
    operation: request.operation,
    program: orNull(request.program),
    pid: request.pid ?? null,
    parents: parents === undefined ? null : asStored(JSON.stringify(parents)),
    session: orNull(request.session),
    agent: orNull(request.agent),
    exposure: exposures === undefined ? null : JSON.stringify(Object.fromEntries(exposures)),
    reason: orNull(request.reason),
    approval: orNull(request.approval),
  };
}

function orNull(value: string | undefined): string | null {
  return value === undefined ? null : asStored(value);
}

/** A lone surrogate would be stored as another character than the one the HMAC is over. */
function asStored(value: string): string {
  return Buffer.from(value).toString();
}

async function endOfChain(database: Database, key: Buffer): Promise<string> {
  const last = await database.get(
    'SELECT mac FROM audit_log WHERE mac IS NOT NULL ORDER BY id DESC LIMIT 1',
  );
  if (last !== undefined) return text(last, 'mac');
  let seal = EMPTY_SEAL;
  for (const row of await database.all(EARLIER_ROWS)) seal = sealMac(key, seal, row);
  return seal;
}

const EARLIER_ROWS = `SELECT ${EARLIER_COLUMNS.join(', ')} FROM audit_log ORDER BY id`;

/** Fills in the exit code of a `ran` row; once it is there, or when there is no such row, nothing. */
export async function fillInExit(
  database: Database,
  vault: OpenVault,
  operation: string,
  exitCode: number,
): Promise<void> {
  const row = await database.get(
    `SELECT mac FROM audit_log
     WHERE operation = :operation AND outcome = 'ran' AND exit_code IS NULL`,
    { operation },
  );
  if (row === undefined) return;
  const ofRow = nullableText(row, 'mac');
  await database.run(
    'UPDATE audit_log SET exit_code = :exitCode, exit_mac = :mac WHERE operation = :operation',
    {
      operation,
      exitCode,
      mac: ofRow === null ? null : exitMac(chainKey(vault), ofRow, exitCode),
    },
  );
}

/** The columns of `asAuditRow`, in their order. */
export const AUDIT_COLUMNS = `id, ts, secrets, command, cwd, exit_code, outcome, operation, program,
  pid, parents, session, agent, exposure, reason, approval`;

export function asAuditRow(row: Row): AuditRow {
  const outcome = OUTCOMES.find((known) => known === row['outcome']);
  if (outcome === undefined) throw unexpected('outcome');
  return {
    id: integer(row, 'id'),
    ts: text(row, 'ts'),
    secrets: text(row, 'secrets').split(',').filter(Boolean),
    command: text(row, 'command'),
    cwd: text(row, 'cwd'),
    exit_code: nullableInteger(row, 'exit_code'),
    outcome,
    operation: nullableText(row, 'operation'),
    program: nullableText(row, 'program'),
    pid: nullableInteger(row, 'pid'),
    parents: nullableJson(row, 'parents', isParents),
    session: nullableText(row, 'session'),
    agent: nullableText(row, 'agent'),
    exposure: nullableJson(row, 'exposure', isExposure),
    reason: nullableText(row, 'reason'),
    approval: nullableText(row, 'approval'),
  };
}

function isParents(value: unknown): value is readonly ProcessName[] {
  return Array.isArray(value) && value.every(isProcessName);
}

function isProcessName(value: unknown): value is ProcessName {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'pid' in value &&
    Number.isInteger(value.pid) &&
    'program' in value &&
    typeof value.program === 'string'
  );
}

function isExposure(value: unknown): value is NonNullable<AuditRow['exposure']> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((kinds) => isExposures(kinds));
}
