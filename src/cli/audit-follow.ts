import { VaultShellError } from '../base/errors.ts';
import { deferred } from '../session/deferred.ts';
import { onSignals } from '../session/signals.ts';
import { lastAuditId, listAudit, type AuditQuery } from '../vault/audit.ts';
import type { OpenVault } from '../vault/open.ts';
import type { AuditRow } from '../vault/types.ts';
import { look, watchVault } from '../vault/watch.ts';
import { auditLine } from './audit-table.ts';
import { printLine } from './output.ts';

/** Longer than any: keeps the process there, which watching does not. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Prints the rows that come, oldest first, whoever writes them, until SIGINT, SIGTERM, SIGHUP or the reader's
 * end. Begins with those there already when the query has a limit or a time. Gives the exit code.
 */
export async function followAudit(
  vault: OpenVault,
  query: AuditQuery,
  { json }: { json: boolean },
): Promise<number> {
  const end = deferred<Error | undefined>();
  const finish = (): void => end.resolve(undefined);
  const removeSignals = onSignals({ SIGINT: finish, SIGTERM: finish, SIGHUP: finish });
  const alive = setInterval(() => undefined, FOREVER_MS);
  const show = (text: string): void => {
    if (!printLine(text)) finish();
  };
  const print = (rows: readonly AuditRow[]): void => {
    for (const row of rows.toReversed()) show(json ? JSON.stringify(row) : auditLine(row));
  };
  let after = 0;
  const skipOld = async (): Promise<void> => {
    after = await lastAuditId(vault);
  };
  const printNew = async (limit?: number): Promise<void> => {
    // Not past what is read next: a row that comes in between is read the next time.
    const last = await lastAuditId(vault);
    const rows = await listAudit(vault, { ...query, limit, after });
    print(rows);
    after = Math.max(last, rows[0]?.id ?? 0);
  };
  // Starts before the first reading, so that nothing is missed; prints after it, so that nothing comes twice.
  if (!json) show(auditLine(undefined));
  const begun = deferred<undefined>();
  const stop = watchVault(vault.directory, look(vault.directory), async () => {
    await begun.promise;
    await printNew().catch((error: unknown) => {
      // What is busy now is read at the next change.
      if (error instanceof VaultShellError && error.code === 'VAULT_BUSY') return;
      end.resolve(error instanceof Error ? error : new Error(String(error)));
    });
  });
  try {
    if (query.limit === undefined && query.since === undefined) await skipOld();
    else await printNew(query.limit);
    begun.resolve(undefined);
    const failure = await end.promise;
    if (failure !== undefined) throw failure;
    return 0;
  } finally {
    stop();
    clearInterval(alive);
    removeSignals();
  }
}
