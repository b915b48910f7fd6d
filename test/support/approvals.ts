import { setTimeout as delay } from 'node:timers/promises';
import { listApprovals } from '../../src/vault/approvals.ts';
import { closeVault, openVault } from '../../src/vault/open.ts';
import type { PendingApproval } from '../../src/vault/types.ts';
import type { TestVault } from './cli.ts';

/** A request that takes longer does not come, or does not go. */
const GIVE_UP_MS = 20_000;

/** Looks at the vault until exactly so many requests wait for a human, and gives them. Rejects when that takes too long. */
export async function waitForApprovals(
  { directory, environment }: TestVault,
  count: number,
): Promise<readonly PendingApproval[]> {
  const key = Buffer.from(environment['VAULT_SHELL_HEXKEY'] ?? '', 'hex');
  const vault = openVault(directory, key);
  const deadline = performance.now() + GIVE_UP_MS;
  try {
    for (;;) {
      const pending = await listApprovals(vault);
      if (pending.length === count) return pending;
      if (performance.now() > deadline) throw new Error(`${pending.length} wait, not ${count}`);
      await delay(50);
    }
  } finally {
    await closeVault(vault);
  }
}
