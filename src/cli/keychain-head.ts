import type { Environment } from '../base/paths.ts';
import { storeHeadInKeychain } from '../keys/keychain.ts';
import { parseSlots } from '../keys/slot.ts';
import { plainEnvironment } from '../session/environment.ts';
import { keepHead } from '../vault/audit-head.ts';
import { readVaultFile, type VaultFile } from '../vault/files.ts';
import type { OpenVault } from '../vault/open.ts';

/**
 * The head of the log is kept in the keychain too, where one who puts back all of the vault's files does not
 * get at it; only of a vault that the keychain opens, for others may have none.
 */
export function hasKeychain({ slots }: VaultFile): boolean {
  return parseSlots(slots).some((slot) => slot.kind === 'keychain');
}

/** Keeps in the keychain what vault.json knows, if that is news since `before`. Never rejects. */
export async function keepHeadInKeychain(
  directory: string,
  before: VaultFile,
  environment: Environment,
): Promise<void> {
  try {
    const { id, slots, audit_head: head, ...rest } = readVaultFile(directory);
    if (head === undefined || head.mac === before.audit_head?.mac) return;
    if (!hasKeychain({ id, slots, ...rest })) return;
    await storeHeadInKeychain(id, head, { environment: plainEnvironment(environment) });
  } catch {
    // It stays behind: `audit verify` still has what was kept before.
  }
}

/** Keeps the newest row, in vault.json and in the keychain. Never rejects: what it is about is done. */
export async function keepHeadEverywhere(
  vault: OpenVault,
  environment: Environment,
): Promise<void> {
  await keepHead(vault).catch(() => undefined);
  await keepHeadInKeychain(vault.directory, vault.file, environment);
}
