import { readVaultFile } from '../vault/files.ts';
import { closeVault, openVault, type OpenVault } from '../vault/open.ts';
import type { Context } from './commands/command.ts';
import { unlock, type UnlockOptions } from './unlock.ts';

/** Unlocks the vault for one command, runs `use`, and forgets the key. `ask: false`: without a prompt. */
export async function withVault<T>(
  { directory, environment }: Context,
  use: (vault: OpenVault) => Promise<T>,
  options: UnlockOptions = {},
): Promise<T> {
  const file = readVaultFile(directory);
  const key = await unlock(file, environment, options);
  const vault = openVault(directory, key);
  key.fill(0);
  try {
    return await use(vault);
  } finally {
    await closeVault(vault);
  }
}
