import { chmodSync } from 'node:fs';
import type * as Turso from '@tursodatabase/database';
import { VaultShellError } from '../base/errors.ts';
import { FILE_MODE } from '../base/paths.ts';
import type { Cipher, StorageMode } from './files.ts';

/** The one file that touches the database library: connecting, and what its errors mean. */

export type Row = Readonly<Record<string, unknown>>;
export type Parameters = Readonly<Record<string, string | number | null>>;

/** What the rest of the program uses of a connection. Parameters are named, `:name` in the SQL. */
export interface Database {
  exec(sql: string): Promise<void>;
  /** Gives the number of rows changed. */
  run(sql: string, parameters?: Parameters): Promise<number>;
  get(sql: string, parameters?: Parameters): Promise<Row | undefined>;
  all(sql: string, parameters?: Parameters): Promise<Row[]>;
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly cipher: Cipher;
  readonly storage: StorageMode;
  readonly key: Buffer;
  /** Only the making of a vault may make a file. */
  readonly create: boolean;
}

/** Loads the library: longer work than to open a file with it. */
export async function loadEngine(): Promise<typeof Turso> {
  return import('@tursodatabase/database');
}

/** Private files whatever the umask: the engine makes its files with 0666 less the umask. */
const PRIVATE_UMASK = 0o077;

/**
 * Opens a connection; the caller closes it. Not reentrant: the umask is the process's, so connects must
 * come one after the other.
 */
export async function connectEngine(file: string, options: EngineOptions): Promise<Database> {
  const { connect } = await loadEngine();
  const umask = process.umask(PRIVATE_UMASK);
  try {
    const connection = await connect(file, {
      encryption: { cipher: options.cipher, hexkey: options.key.toString('hex') },
      fileMustExist: !options.create,
      // No `timeout`: the library waits for locks by spinning on the event loop.
      ...(options.storage === 'multiprocess' ? { experimental: ['multiprocess_wal'] } : {}),
    });
    // A umask such as 0377 under ours would leave the owner less than 0600.
    if (options.create) chmodSync(file, FILE_MODE);
    const database = wrap(connection);
    // Sorts that do not fit into memory would be written to /tmp in the clear.
    await database.exec('PRAGMA temp_store=memory');
    return database;
  } finally {
    process.umask(umask);
  }
}

function wrap(connection: Turso.Database): Database {
  return {
    exec: (sql) => connection.exec(sql),
    run: async (sql, parameters = {}) => (await connection.run(sql, parameters)).changes,
    get: async (sql, parameters = {}) => asRow(await connection.get(sql, parameters)),
    all: async (sql, parameters = {}) =>
      (await connection.all(sql, parameters)).map((row: unknown) => asRow(row) ?? {}),
    close: () => connection.close(),
  };
}

function asRow(value: unknown): Row | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}

// The library has no error codes: all are GenericFailure. These texts are those of 0.7.2.
const BUSY = /Locking error|database is locked|snapshot is stale/;
const WRONG_KEY = /Decryption failed for page=1$/m;
const DAMAGED = /Decryption failed|Corrupt database|short read|not a database|malformed/i;
const IO = /I\/O error/;

/** True when another process is in the way and the same call may succeed a moment later. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && BUSY.test(error.message);
}

/** Gives an error of ours for one of the engine's; ours pass through. */
export function explainEngineError(error: unknown): VaultShellError {
  if (error instanceof VaultShellError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n', 1)[0] ?? '';
  if (BUSY.test(text)) {
    return new VaultShellError('VAULT_BUSY', 'the vault is in use by other processes', {
      hint: 'try again',
      cause: error,
    });
  }
  if (WRONG_KEY.test(text)) {
    return new VaultShellError('WRONG_KEY', 'the key does not open this vault', {
      hint: 'it is another key, or the first page of vault.db is damaged',
      cause: error,
    });
  }
  if (DAMAGED.test(text)) {
    return new VaultShellError('VAULT_DAMAGED', `vault.db is damaged: ${line}`, {
      hint: 'put vault.db back from a backup',
      cause: error,
    });
  }
  const code = IO.test(text) ? 'VAULT_IO' : 'INTERNAL';
  return new VaultShellError(code, `the database failed: ${line}`, { cause: error });
}
