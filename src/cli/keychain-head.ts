import type { Environment } from '../base/paths.ts';
import { storeHeadInKeychain } from '../keys/keychain.ts';
import { parseSlots } from '../keys/slot.ts';
import { plainEnvironment } from '../session/environment.ts';
import { hasHead, keepHead } from '../vault/audit-head.ts';
import { readVaultFile, type AuditHead, type VaultFile } from '../vault/files.ts';
import type { OpenVault } from '../vault/open.ts';

/**
 * The head of the log is kept in the keychain too, where one who puts back all of the vault's files does not
 * get at it; only of a vault that the keychain opens, for others may have none.
 */
export function hasKeychain({ slots }: VaultFile): boolean {
  return parseSlots(slots).some((slot) => slot.kind === 'keychain');
}

/** Whose log the head is of: a session's store or an open vault. */
interface Log {
  keepHead(): Promise<void>;
  hasHead(head: AuditHead): Promise<boolean>;
}

/**
 * Keeps the newest row in the keychain of a vault that has a slot there, when it is news since `before`. Never
 * rejects: what is not kept now is kept the next time.
 */
export async function keepHeadInKeychain(
  log: Log,
  directory: string,
  before: VaultFile,
  environment: Environment,
): Promise<void> {
  try {
    if (!hasKeychain(before)) return;
    await log.keepHead();
    const { id, audit_head: head } = readVaultFile(directory);
    if (head === undefined || head.mac === before.audit_head?.mac) return;
    const options = { environment: plainEnvironment(environment) };
    const former = await storeHeadInKeychain(id, head, options);
    // One that the log lacks is the evidence that an older one was put back.
    if (former === undefined || (await log.hasHead(former))) return;
    await storeHeadInKeychain(id, former, { ...options, anew: true });
  } catch {
    // `audit verify` still has what was kept before.
  }
}

/** Keeps the newest row of a vault that this process has open, in vault.json too. */
export async function keepHeadOf(vault: OpenVault, environment: Environment): Promise<void> {
  await keepHead(vault).catch(() => undefined);
  const log: Log = { keepHead: () => keepHead(vault), hasHead: (head) => hasHead(vault, head) };
  await keepHeadInKeychain(log, vault.directory, vault.file, environment);
}
