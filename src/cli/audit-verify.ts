import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { loadHeadFromKeychain, storeHeadInKeychain } from '../keys/keychain.ts';
import { plainEnvironment } from '../session/environment.ts';
import { keepHead } from '../vault/audit-head.ts';
import { verifyAudit, type KeptHead } from '../vault/audit-verify.ts';
import { readVaultFile } from '../vault/files.ts';
import type { OpenVault } from '../vault/open.ts';
import type { Context } from './commands/command.ts';
import { refuseInsideSession } from './inside-session.ts';
import { hasKeychain, keepHeadOf } from './keychain-head.ts';
import { withVault } from './open-vault.ts';
import { printLine, say } from './output.ts';

const ACCEPT = 'if you put an older vault.db back yourself: vault-shell audit verify --accept';

/**
 * `audit verify`: says that the log is whole, or throws with its first broken row. `accept`: whatever
 * heads were kept, the log as it is is the one to go on from.
 */
export async function verifyCommand(
  context: Context,
  { accept }: { accept: boolean },
): Promise<number> {
  if (accept) refuseInsideSession('--accept', context.environment);
  return withVault(context, async (vault) => {
    const heads = accept ? [] : await keptHeads(vault, context.environment);
    const verdict = await verifyAudit(vault, heads);
    if (verdict.kind === 'broken') {
      throw new VaultShellError(
        'VAULT_DAMAGED',
        `row ${String(verdict.id)} ${verdict.why}`,
        verdict.older ? { hint: ACCEPT } : {},
      );
    }
    if (accept) await keepHeadAnew(vault, context.environment);
    else await keepHeadOf(vault, context.environment);
    const { rows, earlier } = verdict;
    const first = earlier === 0 ? '' : `; the first ${String(earlier)} are from before the chain`;
    printLine(`${String(rows)} ${rows === 1 ? 'row' : 'rows'}, chain whole${first}`);
    return 0;
  });
}

async function keptHeads(vault: OpenVault, environment: Environment): Promise<KeptHead[]> {
  const heads: KeptHead[] = [];
  const { audit_head: head } = readVaultFile(vault.directory);
  if (head !== undefined) heads.push({ ...head, keeper: 'vault.json' });
  if (!hasKeychain(vault.file)) return heads;
  try {
    const options = { environment: plainEnvironment(environment) };
    const stored = await loadHeadFromKeychain(vault.file.id, options);
    if (stored !== undefined) heads.push({ ...stored, keeper: 'the keychain' });
  } catch (error) {
    if (!(error instanceof VaultShellError)) throw error;
    say(`warning: what the keychain knows of the log was not compared: ${error.message}`);
  }
  return heads;
}

async function keepHeadAnew(vault: OpenVault, environment: Environment): Promise<void> {
  await keepHead(vault, { anew: true });
  const { id, audit_head: head } = readVaultFile(vault.directory);
  if (head === undefined || !hasKeychain(vault.file)) return;
  await storeHeadInKeychain(id, head, { environment: plainEnvironment(environment), anew: true });
}
