import { VaultShellError } from '../base/errors.ts';
import { hardenProcess } from '../base/hardening.ts';
import type { Environment } from '../base/paths.ts';
import { keyFromCommand } from '../keys/command.ts';
import { parseHexkey } from '../keys/hexkey.ts';
import { loadFromKeychain } from '../keys/keychain.ts';
import { unwrapKey } from '../keys/passphrase.ts';
import { parseSlots, type PassphraseSlot, type Slot } from '../keys/slot.ts';
import { plainEnvironment } from '../session/environment.ts';
import type { VaultFile } from '../vault/files.ts';
import { say } from './output.ts';
import { askHidden, canAsk } from './prompt.ts';

/** Variables that can open a vault. They never reach a child. */
export const HEXKEY_VARIABLE = 'VAULT_SHELL_HEXKEY';
export const PASSPHRASE_VARIABLE = 'VAULT_SHELL_PASSPHRASE';

const PROMPT_ATTEMPTS = 3;

export interface UnlockOptions {
  /** Whether a human may be asked; true unless given. */
  readonly ask?: boolean;
}

/**
 * Gives the vault's 32-byte key, which the caller zeroes: from VAULT_SHELL_HEXKEY, from
 * VAULT_SHELL_PASSPHRASE, from slots that need no human, from a prompt on the terminal; else
 * VAULT_LOCKED. A variable that is set and wrong is an error, not a reason to go on.
 */
export async function unlock(
  vault: VaultFile,
  environment: Environment,
  { ask = true }: UnlockOptions = {},
): Promise<Buffer> {
  // Here every way to a value begins.
  hardenProcess();
  const hexkey = environment[HEXKEY_VARIABLE];
  if (hexkey !== undefined && hexkey !== '') return parseHexkey(hexkey);

  const slots = parseSlots(vault.slots);
  const passphraseSlots = slots.filter((slot) => slot.kind === 'passphrase');
  const passphrase = environment[PASSPHRASE_VARIABLE];
  if (passphrase !== undefined && passphrase !== '' && passphraseSlots.length > 0) {
    return tryPassphrase(passphraseSlots, passphrase);
  }

  const plain = { environment: plainEnvironment(environment) };
  const failures: VaultShellError[] = [];
  for (const slot of slots) {
    try {
      if (slot.kind === 'keychain') return await loadFromKeychain(vault.id, plain);
      if (slot.kind === 'command') return await keyFromCommand(slot.argv, plain);
    } catch (error) {
      if (!(error instanceof VaultShellError)) throw error;
      failures.push(error);
    }
  }

  if (ask && passphraseSlots.length > 0 && canAsk()) return promptForKey(passphraseSlots);
  const [failure] = failures;
  throw new VaultShellError(
    'VAULT_LOCKED',
    failure === undefined ? 'vault is locked' : `vault is locked: ${failure.message}`,
    { hint: failure?.hint ?? lockedHint(slots), cause: failure },
  );
}

async function promptForKey(slots: readonly PassphraseSlot[]): Promise<Buffer> {
  for (let attempt = 1; ; attempt += 1) {
    const passphrase = await askHidden('vault-shell: passphrase: ');
    try {
      return await tryPassphrase(slots, passphrase);
    } catch (error) {
      const wrong = error instanceof VaultShellError && error.code === 'WRONG_KEY';
      if (!wrong || attempt === PROMPT_ATTEMPTS) throw error;
      say('wrong passphrase, try again');
    }
  }
}

async function tryPassphrase(
  slots: readonly PassphraseSlot[],
  passphrase: string,
): Promise<Buffer> {
  let wrong: unknown;
  for (const slot of slots) {
    try {
      return await unwrapKey(slot, passphrase);
    } catch (error) {
      if (!(error instanceof VaultShellError) || error.code !== 'WRONG_KEY') throw error;
      wrong = error;
    }
  }
  throw wrong;
}

function lockedHint(slots: readonly Slot[]): string {
  if (slots.length === 0) return `set ${HEXKEY_VARIABLE} to the vault's 64 hex digits`;
  return `unlock it on a terminal, or add a keychain slot: vault-shell key add --key keychain`;
}
