import { statSync, type Stats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectEngine, explainEngineError, isBusy, type Database } from './engine.ts';
import { makeLog, readVaultFile, vaultPaths, writeVaultFile, type VaultFile } from './files.ts';
import { checkReach, preflight } from './preflight.ts';
import { migrate } from './schema.ts';

/**
 * A vault whose key is known. Nothing is held open in `exclusive` storage, or only for a moment where it `lingers`; in
 * `multiprocess` storage the connection is, from the first operation to `closeVault`.
 */
export interface OpenVault {
  readonly directory: string;
  readonly file: VaultFile;
  /** The vault's own copy; `closeVault` zeroes it. */
  readonly key: Buffer;
  connection: Database | undefined;
  readonly lingers: boolean;
  /** The file, when the connection was made, and what closes it when nothing more comes; of one that lingers. */
  opened: Stats | undefined;
  since: number;
  /** Before that the file is left to others. */
  notBefore: number;
  closing: NodeJS.Timeout | undefined;
}

/**
 * Gives the vault of a directory. The key is copied and stays the caller's; whether it fits shows at
 * the first operation. `lingers`: for a process that works on it again and again (see LINGER_MS). Throws as
 * `readVaultFile` does.
 */
export function openVault(directory: string, key: Buffer, { lingers = false } = {}): OpenVault {
  const file = readVaultFile(directory);
  return {
    directory,
    file,
    key: Buffer.from(key),
    connection: undefined,
    lingers: lingers && file.storage === 'exclusive',
    opened: undefined,
    since: 0,
    notBefore: 0,
    closing: undefined,
  };
}

export async function closeVault(vault: OpenVault): Promise<void> {
  clearTimeout(vault.closing);
  await inTurn(() => dropConnection(vault));
  vault.key.fill(0);
}

export const READ = { write: false } as const;
export const WRITE = { write: true } as const;

/**
 * To open the file and to read its schema takes most of a write's time. One that lingers keeps it open for the
 * next: so long after the last, so long at most in all, and then leaves it to others for a moment, in which who
 * has waited long tries again (see retryDelayMs).
 */
const LINGER_MS = 5;
const MAX_LINGER_MS = 30;
const YIELD_MS = 4;

/** How long an operation tries while other processes are at the vault; each holds it for milliseconds. */
const BUSY_DEADLINE_MS = 15_000;

/**
 * Runs one operation and gives its result. A write runs in one transaction begun IMMEDIATE, is committed
 * and on disk when this resolves, and leaves nothing behind when it throws. `use` is run again when
 * another process was in the way before the COMMIT, so it must only use the database, and quickly:
 * it holds the lock.
 *
 * Throws what `use` throws; WRONG_KEY, VAULT_DAMAGED, VAULT_UNSAFE; VAULT_BUSY after 15 s.
 */
export async function withDatabase<T>(
  vault: OpenVault,
  use: (database: Database) => Promise<T>,
  { write }: { write: boolean },
): Promise<T> {
  return inTurn(async () => {
    const start = performance.now();
    for (;;) {
      const outcome = await tryOnce(vault, use, write);
      if (outcome.kind === 'done') return outcome.result;
      const waitedMs = performance.now() - start;
      if (waitedMs > BUSY_DEADLINE_MS) throw explainEngineError(outcome.error);
      await sleep(retryDelayMs(waitedMs));
    }
  });
}

/**
 * Reads vault.json, lets `change` give it anew and writes it if it did, all under the database's write
 * lock, so that two changes never undo each other. Only a vault whose key fits can be changed.
 */
export async function changeVaultFile(
  vault: OpenVault,
  change: (file: VaultFile, database: Database) => Promise<VaultFile> | VaultFile,
): Promise<void> {
  const rewrite = async (database: Database): Promise<void> => {
    const file = readVaultFile(vault.directory);
    const changed = await change(file, database);
    if (changed !== file) writeVaultFile(vault.directory, changed);
  };
  await withDatabase(vault, rewrite, WRITE);
}

/** Lets `change` give the slots anew, as `changeVaultFile`. */
export async function changeSlots(
  vault: OpenVault,
  change: (slots: VaultFile['slots']) => VaultFile['slots'],
): Promise<void> {
  await changeVaultFile(vault, (file) => ({ ...file, slots: change(file.slots) }));
}

let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * Database work of this process goes one by one: the umask and the locks (fcntl) belong to the
 * process, so two operations at once would undo each other's.
 */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work);
  lastTurn = turn.catch(() => undefined);
  return turn;
}

type Outcome<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'busy'; readonly error: unknown };

async function tryOnce<T>(
  vault: OpenVault,
  use: (database: Database) => Promise<T>,
  write: boolean,
): Promise<Outcome<T>> {
  let stage: 'connecting' | 'connected' | 'begun' | 'committing' = 'connecting';
  try {
    if (vault.lingers && vault.connection !== undefined) await checkLingering(vault);
    if (vault.connection === undefined) await sleepUntil(vault.notBefore);
    const database = (vault.connection ??= await connectVault(vault));
    stage = 'connected';
    if (!write) return { kind: 'done', result: await use(database) };
    await database.exec('BEGIN IMMEDIATE');
    stage = 'begun';
    const result = await use(database);
    stage = 'committing';
    await database.exec('COMMIT');
    await checkpoint(database);
    return { kind: 'done', result };
  } catch (error) {
    const kept = stage === 'connected' && isBusy(error);
    if (!kept && !(stage === 'begun' && (await rollBack(vault)))) await dropConnection(vault);
    if (stage !== 'committing' && isBusy(error)) return { kind: 'busy', error };
    throw explainEngineError(error);
  } finally {
    if (vault.file.storage === 'exclusive') await leave(vault, write);
  }
}

/** Nobody else may reach one that stayed open either, and another file in its place is opened anew. */
async function checkLingering(vault: OpenVault): Promise<void> {
  checkReach(vault.directory);
  const now = statSync(vaultPaths(vault.directory).database, { throwIfNoEntry: false });
  if (now?.ino !== vault.opened?.ino || now?.dev !== vault.opened?.dev) await dropConnection(vault);
}

async function sleepUntil(time: number): Promise<void> {
  const wait = time - performance.now();
  if (wait > 0) await sleep(wait);
}

/** An operation is over: closes the file, or lets it linger. */
async function leave(vault: OpenVault, write: boolean): Promise<void> {
  clearTimeout(vault.closing);
  if (!write || !vault.lingers || vault.connection === undefined) {
    await dropConnection(vault);
  } else if (performance.now() - vault.since > MAX_LINGER_MS) {
    await dropConnection(vault);
    vault.notBefore = performance.now() + YIELD_MS;
  } else {
    vault.closing = setTimeout(() => {
      // What cannot be closed is not used again, and the next opening tells what is wrong.
      inTurn(() => dropConnection(vault)).catch(() => undefined);
    }, LINGER_MS);
  }
}

async function connectVault(vault: OpenVault): Promise<Database> {
  const { cipher, storage } = vault.file;
  await preflight(vault.directory, cipher);
  const { database: file, wal } = vaultPaths(vault.directory);
  makeLog(wal);
  const database = await connectEngine(file, { cipher, storage, key: vault.key, create: false });
  try {
    await migrate(database, { fresh: false });
    vault.opened = statSync(file);
    vault.since = performance.now();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** In multiprocess storage a reader can keep the log from being cut: this often, then it stays. */
const CHECKPOINT_TRIES = 3;

/**
 * Moves the log into the database and cuts it to nothing. It is what makes a write durable: the engine
 * does not sync the first commit of a connection. It also ends the log's growth, which nothing else does.
 */
export async function checkpoint(database: Database): Promise<void> {
  for (let tries = 0; tries < CHECKPOINT_TRIES; tries += 1) {
    const [row] = await database.all('PRAGMA wal_checkpoint(TRUNCATE)');
    if (row?.['busy'] === 0) return;
    await sleep(5);
  }
}

async function rollBack(vault: OpenVault): Promise<boolean> {
  try {
    await vault.connection?.exec('ROLLBACK');
    return true;
  } catch {
    // A connection that cannot roll back is closed by the caller, which does the same.
    return false;
  }
}

async function dropConnection(vault: OpenVault): Promise<void> {
  const { connection } = vault;
  vault.connection = undefined;
  await connection?.close();
}

/**
 * Random, so that waiting processes do not meet again; shorter for who has waited longer, so that nobody
 * starves: from up to 30 ms down to up to 3 ms after two seconds.
 */
function retryDelayMs(waitedMs: number): number {
  return 1 + Math.random() * Math.max(2, 29 - waitedMs / 75);
}
