import { setTimeout as delay } from 'node:timers/promises';
import { listApprovals } from '../../src/vault/approvals.ts';
import { closeVault, openVault } from '../../src/vault/open.ts';
import type { PendingApproval } from '../../src/vault/types.ts';
import type { TestVault } from './cli.ts';

/** Looks at the vault until exactly so many requests wait for a human, and gives them. */
export async function waitForApprovals(
  { directory, environment }: TestVault,
  count: number,
): Promise<readonly PendingApproval[]> {
  const key = Buffer.from(environment['VAULT_SHELL_HEXKEY'] ?? '', 'hex');
  const vault = openVault(directory, key);
  try {
    for (;;) {
      const pending = await listApprovals(vault);
      if (pending.length === count) return pending;
      await delay(50);
    }
  } finally {
    await closeVault(vault);
  }
}
