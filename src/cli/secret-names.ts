import { vaultDirectory, type Environment } from '../base/paths.ts';
import { askBroker } from '../broker/client.ts';

/**
 * Gives the names of all secrets, where that takes no question: in a session from its broker; elsewhere if the
 * environment has what opens the vault, because a keychain or a command may ask a human. Else none.
 */
export async function secretNames(
  vault: string | undefined,
  environment: Environment,
): Promise<readonly string[]> {
  const socketPath = environment['VAULT_SHELL_SOCKET'];
  if (socketPath !== undefined) return namesOfSession(socketPath);
  const { HEXKEY_VARIABLE, PASSPHRASE_VARIABLE } = await import('./unlock.ts');
  if ((environment[HEXKEY_VARIABLE] ?? environment[PASSPHRASE_VARIABLE] ?? '') === '') return [];
  const { withVault } = await import('./open-vault.ts');
  const { listSecrets } = await import('../vault/secrets.ts');
  const context = { environment, directory: vaultDirectory(vault, environment) };
  const secrets = await withVault(context, listSecrets, { ask: false });
  return secrets.map(({ name }) => name);
}

/** A person waits for them. */
const TIMEOUT_MS = 2_000;

async function namesOfSession(socketPath: string): Promise<readonly string[]> {
  const answer = await askBroker(socketPath, { type: 'names' }, TIMEOUT_MS);
  const names: unknown = answer?.type === 'report' ? JSON.parse(answer.text) : [];
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
