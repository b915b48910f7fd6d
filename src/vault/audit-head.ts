import type { Database } from './engine.ts';
import { isSame } from './chain.ts';
import { readVaultFile, type AuditHead } from './files.ts';
import { changeVaultFile, checkpoint, READ, withDatabase, type OpenVault } from './open.ts';
import { integer, text } from './row.ts';

/**
 * The head: the last row of the chain and its HMAC, kept in vault.json, so that an older vault.db is noticed
 * when it is put back. It lags behind the log (what is kept must be on disk in the log first) and never goes
 * back; one that the log does not have stays, as the evidence that it is.
 */

/** Keeps the newest row in vault.json. `anew`: also when the log lacks the row that is kept. */
export async function keepHead(vault: OpenVault, { anew = false } = {}): Promise<void> {
  const head = await withDatabase(vault, readDurableHead, READ);
  if (!anew && isKept(readVaultFile(vault.directory).audit_head, head)) return;
  await changeVaultFile(vault, async (file, database) => {
    if (!anew && isKept(file.audit_head, head)) return file;
    if (!anew && !(await hasRow(database, file.audit_head))) return file;
    const { audit_head: _former, ...rest } = file;
    return head === undefined ? rest : { ...rest, audit_head: head };
  });
}

/**
 * Says what is wrong when the log lacks the row that vault.json knows, else undefined. Only this: whether
 * the chain is whole is `verifyAudit`.
 */
export async function checkHeadIn(
  database: Database,
  directory: string,
): Promise<string | undefined> {
  if (await hasRow(database, readVaultFile(directory).audit_head)) return undefined;
  return 'vault.db lacks rows of the log that vault.json knows: it was put back to an older copy';
}

/** Whether the log has this row. */
export async function hasHead(vault: OpenVault, head: AuditHead): Promise<boolean> {
  return withDatabase(vault, (database) => hasRow(database, head), READ);
}

/** Of the rows that a power cut cannot take away: `checkpoint` moves them into the file. */
async function readDurableHead(database: Database): Promise<AuditHead | undefined> {
  const row = await database.get(
    'SELECT id, mac FROM audit_log WHERE mac IS NOT NULL ORDER BY id DESC LIMIT 1',
  );
  if (row === undefined) return undefined;
  await checkpoint(database);
  return { id: integer(row, 'id'), mac: text(row, 'mac') };
}

function isKept(kept: AuditHead | undefined, head: AuditHead | undefined): boolean {
  if (head === undefined) return true;
  return kept !== undefined && kept.id >= head.id;
}

async function hasRow(database: Database, head: AuditHead | undefined): Promise<boolean> {
  if (head === undefined) return true;
  const row = await database.get('SELECT mac FROM audit_log WHERE id = :id', { id: head.id });
  const mac = row?.['mac'];
  return typeof mac === 'string' && isSame(mac, head.mac);
}
