import { readVaultFile } from '../vault/files.ts';
import { closeVault, openVault, type OpenVault } from '../vault/open.ts';
import type { Context } from './commands/command.ts';
import { unlock } from './unlock.ts';

/** Unlocks the vault for one command, runs `use`, and forgets the key. */
export async function withVault<T>(
  { directory, environment }: Context,
  use: (vault: OpenVault) => Promise<T>,
): Promise<T> {
  const file = readVaultFile(directory);
  const key = await unlock(file, environment);
  const vault = openVault(directory, key);
  key.fill(0);
  try {
    return await use(vault);
  } finally {
    await closeVault(vault);
  }
}
