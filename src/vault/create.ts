import { randomBytes } from 'node:crypto';
import { linkSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { checkPrivate, makePrivateDirectory } from '../base/paths.ts';
import { connectEngine, explainEngineError } from './engine.ts';
import {
  ioError,
  makeLog,
  syncDirectory,
  vaultPaths,
  writeVaultFile,
  type Cipher,
  type StorageMode,
  type VaultFile,
} from './files.ts';
import { checkpoint, inTurn } from './open.ts';
import { preflight } from './preflight.ts';
import { migrate } from './schema.ts';

/** See docs/decisions/0001-storage-mode.md. */
export const DEFAULT_STORAGE: StorageMode = 'exclusive';

/** Gives a fresh vault id, for a keychain entry that must exist before the vault does. */
export function newVaultId(): string {
  return randomBytes(16).toString('hex');
}

export interface CreateOptions {
  /** The 32-byte key; stays the caller's. */
  readonly key: Buffer;
  readonly id?: string;
  readonly cipher?: Cipher;
  readonly storage?: StorageMode;
  readonly slots?: VaultFile['slots'];
}

/**
 * Makes an empty vault in `directory`, which may exist if it is private and holds no file of a vault.
 * The vault is built aside and moved into place when it is whole and on disk: a failure leaves
 * nothing, and of two processes that make the same vault one gets VAULT_EXISTS.
 */
export async function createVault(directory: string, options: CreateOptions): Promise<VaultFile> {
  const { cipher = 'aes256gcm', storage = DEFAULT_STORAGE, slots = [] } = options;
  const id = options.id ?? newVaultId();
  const file: VaultFile = {
    format: 1,
    id,
    storage,
    cipher,
    slots,
    created_at: new Date().toISOString(),
  };
  refuseExisting(directory);
  const topmost = makePrivateDirectory(directory);
  try {
    await build(directory, file, options.key);
    return file;
  } catch (error) {
    removeEmpty(directory, topmost);
    throw error instanceof VaultShellError ? error : ioError('make', directory, error);
  }
}

/** Throws VAULT_EXISTS when a file of a vault is there. */
export function refuseExisting(directory: string): void {
  checkPrivate(directory, 'directory');
  for (const file of Object.values(vaultPaths(directory))) {
    if (checkPrivate(file, 'file') !== undefined) throw exists(directory);
  }
}

async function build(directory: string, file: VaultFile, key: Buffer): Promise<void> {
  const workshop = mkdtempSync(path.join(directory, '.init-'));
  try {
    const built = vaultPaths(workshop);
    await inTurn(() => buildDatabase(workshop, file, key));
    writeVaultFile(workshop, file);
    const final = vaultPaths(directory);
    // A link fails where a rename would overwrite. vault.json comes last: with it the vault is there.
    link(built.database, final.database, directory);
    try {
      // Here rather than at the first opening, which may be one with a wrong key and must change nothing.
      makeLog(final.wal);
      link(built.json, final.json, directory);
      syncDirectory(directory);
    } catch (error) {
      for (const made of [final.database, final.wal]) rmSync(made, { force: true });
      throw error;
    }
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

async function buildDatabase(workshop: string, file: VaultFile, key: Buffer): Promise<void> {
  const { cipher } = file;
  // One process, a file of its own: the storage mode matters only from the first real open on.
  const options = { cipher, storage: 'exclusive', key, create: true } as const;
  try {
    const database = await connectEngine(vaultPaths(workshop).database, options);
    try {
      await migrate(database, { fresh: true });
      await checkpoint(database);
    } finally {
      await database.close();
    }
  } catch (error) {
    throw explainEngineError(error);
  }
  // Asks what matters most: that the file is encrypted, with the cipher that was asked for.
  await preflight(workshop, cipher);
}

function link(from: string, to: string, directory: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw exists(directory);
    throw ioError('make', to, error);
  }
}

/** Removes the directories that this call made, from the inside out, as long as they are empty. */
function removeEmpty(directory: string, topmost: string | undefined): void {
  if (topmost === undefined) return;
  try {
    for (let current = directory; ; current = path.dirname(current)) {
      rmdirSync(current);
      if (current === topmost) return;
    }
  } catch {
    // Someone else has put something there: it stays.
  }
}

function exists(directory: string): VaultShellError {
  return new VaultShellError('VAULT_EXISTS', `there is a vault in ${directory} already`, {
    hint: 'name another directory with --vault DIR',
  });
}
