import { VaultShellError } from '../base/errors.ts';
import { isName } from '../base/placeholder.ts';
import { Secret } from '../base/secret.ts';
import { cleanLine } from '../base/text.ts';
import type { Database } from './engine.ts';
import { READ, withDatabase, WRITE, type OpenVault } from './open.ts';
import { forgetPolicy } from './policies.ts';
import { text } from './row.ts';
import { noSecret, secretInfoOf } from './secret-info.ts';
import type { NamedValue, SecretInfo } from './types.ts';
import { checkValue } from './value.ts';

/** What a user may say about a secret. What is not given is kept. */
export interface Attributes {
  readonly provider?: string | undefined;
  readonly account?: string | undefined;
  readonly environment?: string | undefined;
  readonly access?: string | undefined;
  /** Joined by `,`. */
  readonly tags?: string | undefined;
  readonly description?: string | undefined;
}

export interface SetOptions {
  readonly attributes?: Attributes;
  readonly allowWeak?: boolean;
}

/** Makes a secret or gives it a new value. Throws BAD_NAME or BAD_VALUE before anything is touched. */
export async function setSecret(
  vault: OpenVault,
  name: string,
  value: Secret,
  { attributes = {}, allowWeak = false }: SetOptions = {},
): Promise<void> {
  checkName(name);
  const plain = value.reveal();
  checkValue(plain, { allowWeak });
  const parameters = {
    name,
    value: plain,
    provider: clean(attributes.provider),
    account: clean(attributes.account),
    environment: clean(attributes.environment),
    access: clean(attributes.access),
    tags: clean(attributes.tags),
    description: clean(attributes.description),
    now: new Date().toISOString(),
  };
  await withDatabase(vault, (database) => database.run(UPSERT, parameters), WRITE);
}

// `tags` is NOT NULL, so the insert cannot carry the NULL that says "keep": it is bound a second time.
const UPSERT = `
  INSERT INTO secrets
    (name, value, provider, account, environment, access, tags, description, created_at)
  VALUES
    (:name, :value, :provider, :account, :environment, :access, COALESCE(:tags, ''), :description,
     :now)
  ON CONFLICT(name) DO UPDATE SET
    value = excluded.value,
    provider = COALESCE(excluded.provider, secrets.provider),
    account = COALESCE(excluded.account, secrets.account),
    environment = COALESCE(excluded.environment, secrets.environment),
    access = COALESCE(excluded.access, secrets.access),
    tags = COALESCE(:tags, secrets.tags),
    description = COALESCE(excluded.description, secrets.description)`;

const INFO_COLUMNS =
  'name, provider, account, environment, access, tags, description, created_at, last_used_at';
const LIST = `SELECT ${INFO_COLUMNS} FROM secrets ORDER BY name`;
const SHOW = `SELECT ${INFO_COLUMNS} FROM secrets WHERE name = :name`;

/** Gives the attributes of all secrets, by name. */
export async function listSecrets(vault: OpenVault): Promise<SecretInfo[]> {
  const rows = await withDatabase(vault, (database) => database.all(LIST), READ);
  return rows.map(secretInfoOf);
}

/** Gives the attributes of one secret; NO_SECRET when there is none. */
export async function showSecret(vault: OpenVault, name: string): Promise<SecretInfo> {
  checkName(name);
  const row = await withDatabase(vault, (database) => database.get(SHOW, { name }), READ);
  if (row === undefined) throw noSecret(name);
  return secretInfoOf(row);
}

/** Deletes a secret after overwriting its value in place; NO_SECRET when there is none. */
export async function removeSecret(vault: OpenVault, name: string): Promise<void> {
  checkName(name);
  await withDatabase(
    vault,
    async (database) => {
      const row = await database.get(VALUE_BYTES, { name });
      const bytes = row?.['bytes'];
      if (typeof bytes !== 'number') throw noSecret(name);
      // A deleted row stays in its page until the room is used again; the padding stays instead.
      await database.run(OVERWRITE, { name, padding: 'x'.repeat(bytes) });
      await database.run('DELETE FROM secrets WHERE name = :name', { name });
      // Another secret of that name is another secret.
      await forgetPolicy(database, name);
    },
    WRITE,
  );
}

const VALUE_BYTES = 'SELECT length(CAST(value AS BLOB)) AS bytes FROM secrets WHERE name = :name';
const OVERWRITE = 'UPDATE secrets SET value = :padding WHERE name = :name';

/** Gives all values, by name: what the redactor looks for. */
export async function readValues(vault: OpenVault): Promise<NamedValue[]> {
  return withDatabase(vault, readValuesIn, READ);
}

export async function readValuesIn(database: Database): Promise<NamedValue[]> {
  const rows = await database.all('SELECT name, value FROM secrets ORDER BY name');
  return rows.map((row) => ({ name: text(row, 'name'), value: new Secret(text(row, 'value')) }));
}

/** Gives one value; NO_SECRET when there is none. For `reveal`, which writes its audit row itself. */
export async function readValue(vault: OpenVault, name: string): Promise<Secret> {
  checkName(name);
  const sql = 'SELECT value FROM secrets WHERE name = :name';
  const row = await withDatabase(vault, (database) => database.get(sql, { name }), READ);
  if (row === undefined) throw noSecret(name);
  return new Secret(text(row, 'value'));
}

function checkName(name: string): void {
  if (isName(name)) return;
  throw new VaultShellError('BAD_NAME', `${JSON.stringify(name.slice(0, 140))} is no secret name`, {
    hint: 'a name starts with a letter or _ and goes on with letters, digits and _ . / -, 128 at most',
  });
}

function clean(attribute: string | undefined): string | null {
  return attribute === undefined ? null : cleanLine(attribute);
}
