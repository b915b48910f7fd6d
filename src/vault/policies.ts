import type { Database } from './engine.ts';
import { READ, withDatabase, WRITE, type OpenVault } from './open.ts';
import { RULES_COLUMNS, RULES_TABLES, rulesOf, type Policy, type Rules } from './rules.ts';
import { noSecret } from './secret-info.ts';

/** The policies of secrets: reading and changing them. What they mean is the broker's. */

const READ_RULES = `SELECT ${RULES_COLUMNS} FROM ${RULES_TABLES} WHERE s.name = :name`;

/** Gives the rules of those of `names` that there is a secret of, in their order. */
export async function readRules(vault: OpenVault, names: readonly string[]): Promise<Rules[]> {
  return withDatabase(
    vault,
    async (database) => {
      const all: Rules[] = [];
      for (const name of names) {
        const row = await database.get(READ_RULES, { name });
        if (row !== undefined) all.push(rulesOf(row));
      }
      return all;
    },
    READ,
  );
}

/** Gives the rules of one secret; NO_SECRET when there is none. */
export async function readRulesOf(vault: OpenVault, name: string): Promise<Rules> {
  const [rules] = await readRules(vault, [name]);
  if (rules === undefined) throw noSecret(name);
  return rules;
}

/** Changes what is given, keeps the rest, and gives what then holds; NO_SECRET when there is no such secret. */
export async function setPolicy(
  vault: OpenVault,
  name: string,
  change: Partial<Policy>,
): Promise<Rules> {
  return withDatabase(
    vault,
    async (database) => {
      const before = await database.get(READ_RULES, { name });
      if (before === undefined) throw noSecret(name);
      const { info, policy } = rulesOf(before);
      const after = { ...policy, ...change };
      await database.run('DELETE FROM policies WHERE name = :name', { name });
      await database.run(INSERT, { ...after, name, ...listsOf(after) });
      return { info, policy: after };
    },
    WRITE,
  );
}

const INSERT = `
  INSERT INTO policies (name, programs, cwd, exposures, expires, uses, approval)
  VALUES (:name, :programs, :cwd, :exposures, :expires, :uses, :approval)`;

function listsOf({ programs, exposures }: Policy): Record<'programs' | 'exposures', string | null> {
  return {
    programs: programs === null ? null : JSON.stringify(programs),
    exposures: exposures === null ? null : JSON.stringify(exposures),
  };
}

/** Takes the policy of a secret away; NO_SECRET when there is no such secret. */
export async function clearPolicy(vault: OpenVault, name: string): Promise<void> {
  await withDatabase(
    vault,
    async (database) => {
      if ((await database.get(READ_RULES, { name })) === undefined) throw noSecret(name);
      await forgetPolicy(database, name);
    },
    WRITE,
  );
}

/** Takes it away within a transaction of the caller's. */
export async function forgetPolicy(database: Database, name: string): Promise<void> {
  await database.run('DELETE FROM policies WHERE name = :name', { name });
}
