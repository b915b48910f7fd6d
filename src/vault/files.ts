import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { checkPrivate, FILE_MODE } from '../base/paths.ts';

/** How processes share the file. See docs/decisions/0001-storage-mode.md. */
export const STORAGE_MODES = ['exclusive', 'multiprocess'] as const;
export type StorageMode = (typeof STORAGE_MODES)[number];

export const CIPHERS = ['aes256gcm', 'aegis256'] as const;
export type Cipher = (typeof CIPHERS)[number];

/** vault.json: what must be known before the database can be opened. No secret is in it. */
export interface VaultFile {
  readonly format: 1;
  /** 32 hex digits: names the vault in the keychain. */
  readonly id: string;
  readonly storage: StorageMode;
  readonly cipher: Cipher;
  /** Checked by the key room, which knows the kinds. */
  readonly slots: readonly object[];
  readonly created_at: string;
  /** The newest row of the log that is known outside vault.db (audit-head.ts); none in a new vault. */
  readonly audit_head?: AuditHead;
}

/** A row of the log and its HMAC, which stands for all rows up to it. */
export interface AuditHead {
  readonly id: number;
  /** 64 hex digits. */
  readonly mac: string;
}

export interface VaultPaths {
  readonly json: string;
  readonly database: string;
  readonly wal: string;
  readonly tshm: string;
}

export function vaultPaths(directory: string): VaultPaths {
  const database = path.join(directory, 'vault.db');
  return {
    json: path.join(directory, 'vault.json'),
    database,
    wal: `${database}-wal`,
    tshm: `${database}-tshm`,
  };
}

/** No vault needs more: a handful of slots of a few hundred bytes. */
const MAX_JSON_BYTES = 256 * 1024;

/**
 * Gives the vault.json of a directory. NO_VAULT when there is none, VAULT_UNSAFE when others can
 * reach the directory or the file, VAULT_DAMAGED when it says anything unexpected.
 */
export function readVaultFile(directory: string): VaultFile {
  const { json, database } = vaultPaths(directory);
  if (checkPrivate(directory, 'directory') === undefined) throw noVault(directory);
  const stats = checkPrivate(json, 'file');
  if (stats === undefined) {
    if (checkPrivate(database, 'file') === undefined) throw noVault(directory);
    throw damaged('is missing beside vault.db');
  }
  if (stats.size > MAX_JSON_BYTES) throw damaged('is too large');
  return parseVaultFile(readText(json));
}

function parseVaultFile(text: string): VaultFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged('is no JSON', error);
  }
  if (!isRecord(value)) throw damaged('is no object');
  const { format, id, storage, cipher, slots, created_at, audit_head } = value;
  if (typeof format === 'number' && format > 1) {
    throw new VaultShellError('REFUSED', `vault.json is of the newer format ${format}`, {
      hint: 'use a newer vault-shell',
    });
  }
  if (format !== 1) throw damaged('has no known format');
  if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) throw damaged('has a bad id');
  const knownStorage = STORAGE_MODES.find((mode) => mode === storage);
  if (knownStorage === undefined) throw damaged('has an unknown storage mode');
  const knownCipher = CIPHERS.find((name) => name === cipher);
  if (knownCipher === undefined) throw damaged('has an unknown cipher');
  if (!Array.isArray(slots) || !slots.every(isRecord)) throw damaged('has a bad list of slots');
  if (typeof created_at !== 'string') throw damaged('has a bad created_at');
  const file = {
    format,
    id,
    storage: knownStorage,
    cipher: knownCipher,
    slots,
    created_at,
  } as const;
  return audit_head === undefined ? file : { ...file, audit_head: parseHead(audit_head) };
}

function parseHead(value: unknown): AuditHead {
  const { id, mac } = isRecord(value) ? value : {};
  if (!Number.isSafeInteger(id) || typeof id !== 'number' || !isMac(mac)) {
    throw damaged('has a bad audit_head');
  }
  return { id, mac };
}

function isMac(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** Writes vault.json so that a crash leaves the old or the new one, on disk when this returns. */
export function writeVaultFile(directory: string, file: VaultFile): void {
  const { json } = vaultPaths(directory);
  const temporary = `${json}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writePrivate(temporary, `${JSON.stringify(file, undefined, 2)}\n`);
    renameSync(temporary, json);
    syncDirectory(directory);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw ioError('write', json, error);
  }
}

function writePrivate(target: string, text: string): void {
  const descriptor = openSync(target, 'wx', FILE_MODE);
  try {
    // A umask can only take bits away, but one like 0377 would take the owner's.
    fchmodSync(descriptor, FILE_MODE);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes the write-ahead log if it is missing, as after a restore of vault.db alone: told to make no
 * database, the engine makes no log either and fails.
 */
export function makeLog(file: string): void {
  try {
    closeSync(openSync(file, 'a', FILE_MODE));
  } catch (error) {
    throw ioError('write', file, error);
  }
}

/** Makes renames and new files in a directory survive a power cut. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function ioError(verb: string, target: string, error: unknown): VaultShellError {
  return new VaultShellError(
    'VAULT_IO',
    `cannot ${verb} ${target}: ${systemCode(error) ?? 'unknown error'}`,
    { cause: error },
  );
}

function readText(target: string): string {
  try {
    return readFileSync(target, 'utf8');
  } catch (error) {
    throw ioError('read', target, error);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noVault(directory: string): VaultShellError {
  return new VaultShellError('NO_VAULT', `there is no vault in ${directory}`, {
    hint: 'make one with: vault-shell init',
  });
}

function damaged(why: string, cause?: unknown): VaultShellError {
  return new VaultShellError('VAULT_DAMAGED', `vault.json ${why}`, {
    hint: 'put it back from a backup',
    cause,
  });
}
