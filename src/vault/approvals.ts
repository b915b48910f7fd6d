import type { Database, Row } from './engine.ts';
import { READ, withDatabase, WRITE, type OpenVault } from './open.ts';
import { nullableText, text } from './row.ts';
import type { PendingApproval } from './types.ts';

/**
 * Requests that wait for a human, in the file that all processes share: a session puts its question there
 * and looks for the answer, `approve` in another terminal gives it. Nothing stays once it is answered.
 */

/** Within a transaction of the caller's. What others left behind goes, too. */
export async function postApproval(database: Database, pending: PendingApproval): Promise<void> {
  await forgetExpired(database);
  // The same again after a crash: an answer that is there already must stay.
  await database.run(INSERT, { ...pending });
}

const INSERT = `
  INSERT INTO approvals (id, created, session, secrets, command, cwd, file, asker, state, expires)
  VALUES (:id, :created, :session, :secrets, :command, :cwd, :file, :asker, 'pending', :expires)
  ON CONFLICT(id) DO NOTHING`;

/** Within a transaction of the caller's. */
export async function withdrawApproval(database: Database, id: string): Promise<void> {
  await database.run('DELETE FROM approvals WHERE id = :id', { id });
  await forgetExpired(database);
}

async function forgetExpired(database: Database): Promise<void> {
  const now = new Date().toISOString();
  await database.run('DELETE FROM approvals WHERE expires <= :now', { now });
}

/** Gives the answer to a question; undefined while there is none. */
export async function verdictOf(vault: OpenVault, id: string): Promise<string | undefined> {
  const sql = "SELECT verdict FROM approvals WHERE id = :id AND state = 'decided'";
  const row = await withDatabase(vault, (database) => database.get(sql, { id }), READ);
  return row === undefined ? undefined : text(row, 'verdict');
}

/** Gives what waits now, oldest first. */
export async function listApprovals(vault: OpenVault): Promise<PendingApproval[]> {
  const sql = `
    SELECT id, created, session, secrets, command, cwd, file, asker, expires FROM approvals
    WHERE state = 'pending' AND expires > :now ORDER BY created, id`;
  const now = new Date().toISOString();
  const rows = await withDatabase(vault, (database) => database.all(sql, { now }), READ);
  return rows.map(asPending);
}

/** Answers a question; false when it does not wait any more. */
export async function answerApproval(
  vault: OpenVault,
  id: string,
  verdict: string,
): Promise<boolean> {
  const now = new Date().toISOString();
  const sql = `
    UPDATE approvals SET state = 'decided', verdict = :verdict, decided_at = :now
    WHERE id = :id AND state = 'pending' AND expires > :now`;
  return withDatabase(
    vault,
    async (database) => (await database.run(sql, { id, verdict, now })) === 1,
    WRITE,
  );
}

function asPending(row: Row): PendingApproval {
  return {
    id: text(row, 'id'),
    created: text(row, 'created'),
    session: text(row, 'session'),
    secrets: text(row, 'secrets'),
    command: text(row, 'command'),
    cwd: text(row, 'cwd'),
    file: nullableText(row, 'file'),
    asker: nullableText(row, 'asker'),
    expires: text(row, 'expires'),
  };
}
