import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { checkPrivate } from '../base/paths.ts';
import { ioError, vaultPaths, type Cipher } from './files.ts';

/**
 * Looks at a vault's files before the engine does. The engine ends the whole process on some damaged
 * files and takes an empty file for a new vault, so both are refused here. Nothing is changed.
 */

/**
 * Another process may be half-way through a checkpoint while we look. Damage counts only when it is
 * still there after these pauses, which are far longer than a checkpoint takes between two writes.
 */
const SECOND_LOOKS_MS = [5, 20, 75] as const;

/**
 * Throws VAULT_UNSAFE when others can reach a file of the vault, VAULT_DAMAGED when the files cannot be
 * what the engine left. Call it only while this process has the database closed: closing any
 * descriptor of a file drops the locks (fcntl) that the process holds on it.
 */
export async function preflight(directory: string, cipher: Cipher): Promise<void> {
  checkReach(directory);
  let why = findDamage(directory, cipher);
  for (const pauseMs of SECOND_LOOKS_MS) {
    if (why === undefined) return;
    await sleep(pauseMs);
    why = findDamage(directory, cipher);
  }
  if (why !== undefined) throw new VaultShellError('VAULT_DAMAGED', why.message, why);
}

/** Throws VAULT_UNSAFE when others can reach a file of the vault. Opens nothing. */
export function checkReach(directory: string): void {
  checkPrivate(directory, 'directory');
  for (const file of Object.values(vaultPaths(directory))) checkPrivate(file, 'file');
}

export const PAGE_BYTES = 4096;
const HEADER_BYTES = 100;
/** The id that the engine writes into byte 6 of the header. */
const CIPHER_IDS: Readonly<Record<Cipher, number>> = { aes256gcm: 2, aegis256: 3 };
const PAGE_COUNT_OFFSET = 28;
const WAL_HEADER_BYTES = 32;
const WAL_FRAME_BYTES = 24 + PAGE_BYTES;
const TSHM_MAGIC = 'TSHMWAL\0';
/** Where the coordination file counts the frames that the write-ahead log must hold. */
const TSHM_MAX_FRAME_OFFSET = 0x28;

interface Damage {
  readonly message: string;
  readonly hint: string;
}

function findDamage(directory: string, cipher: Cipher): Damage | undefined {
  const { database, wal, tshm } = vaultPaths(directory);
  // The log is looked at first: it shrinks only after the pages in it are in the database.
  const log = readStart(wal, 0);
  const main = readStart(database, HEADER_BYTES);
  return (
    findDatabaseDamage(main, cipher, log?.size ?? 0) ??
    findCoordinationDamage(readStart(tshm, HEADER_BYTES), log?.size ?? 0, tshm)
  );
}

const RESTORE = 'put vault.db back from a backup';

function findDatabaseDamage(
  main: Start | undefined,
  cipher: Cipher,
  logSize: number,
): Damage | undefined {
  if (main === undefined) return { message: 'vault.db is missing', hint: RESTORE };
  if (main.size === 0) return { message: 'vault.db is empty', hint: RESTORE };
  if (main.size % PAGE_BYTES !== 0) return { message: 'vault.db is cut short', hint: RESTORE };
  const magic = main.bytes.toString('latin1', 0, 16);
  if (magic.startsWith('SQLite format 3\0')) {
    return { message: 'vault.db is not encrypted', hint: 'it was not made by vault-shell' };
  }
  if (!magic.startsWith('Turso\0')) return { message: 'vault.db is no vault', hint: RESTORE };
  if (main.bytes[6] !== CIPHER_IDS[cipher]) {
    return { message: 'vault.db has another cipher than vault.json says', hint: RESTORE };
  }
  const pages = main.bytes.readUInt32BE(PAGE_COUNT_OFFSET);
  if (logSize === 0 && pages > main.size / PAGE_BYTES) {
    return { message: 'vault.db is cut short', hint: RESTORE };
  }
  return undefined;
}

/** The engine aborts on a coordination file that is garbage, or that counts frames which are gone. */
function findCoordinationDamage(
  shared: Start | undefined,
  logSize: number,
  file: string,
): Damage | undefined {
  if (shared === undefined || shared.size === 0) return undefined;
  const hint = `when no other vault-shell uses this vault, remove ${file}`;
  if (shared.bytes.toString('latin1', 0, TSHM_MAGIC.length) !== TSHM_MAGIC) {
    return { message: 'vault.db-tshm is damaged', hint };
  }
  const frames = shared.bytes.readBigUInt64LE(TSHM_MAX_FRAME_OFFSET);
  const needed = frames === 0n ? 0n : BigInt(WAL_HEADER_BYTES) + frames * BigInt(WAL_FRAME_BYTES);
  if (needed > BigInt(logSize)) {
    return { message: 'vault.db-tshm does not fit its write-ahead log', hint };
  }
  return undefined;
}

interface Start {
  readonly size: number;
  /** Zero-filled where the file is shorter. */
  readonly bytes: Buffer;
}

/** Gives the size and the first bytes of a file, or undefined when it is not there. */
export function readStart(file: string, length: number): Start | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw ioError('read', file, error);
  }
  try {
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, 0);
    return { size: fstatSync(descriptor).size, bytes };
  } catch (error) {
    throw ioError('read', file, error);
  } finally {
    closeSync(descriptor);
  }
}
