import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { keyFromCommand } from '../keys/command.ts';
import { storeInKeychain } from '../keys/keychain.ts';
import { wrapKey } from '../keys/passphrase.ts';
import { newSlotBase, type Slot } from '../keys/slot.ts';
import { plainEnvironment } from '../session/environment.ts';
import { askHidden, canAsk } from './prompt.ts';
import { PASSPHRASE_VARIABLE } from './unlock.ts';

export const SLOT_KINDS = ['passphrase', 'keychain', 'command'] as const;
export type SlotKind = (typeof SLOT_KINDS)[number];

export interface SlotRequest {
  readonly kind: SlotKind;
  readonly vaultId: string;
  /** The 32-byte key of the vault; stays the caller's. */
  readonly key: Buffer;
  /** For `command`: the program that prints the key, and its arguments. */
  readonly argv?: readonly string[];
  readonly environment: Environment;
}

/** Makes a slot that gives back `key`, asking for what it needs. A `command` is tried first. */
export async function newSlot(request: SlotRequest): Promise<Slot> {
  const { kind, vaultId, key, argv = [], environment } = request;
  switch (kind) {
    case 'passphrase':
      return wrapKey(key, await newPassphrase(environment));
    case 'keychain':
      await storeInKeychain(vaultId, key, { environment: plainEnvironment(environment) });
      return { kind, ...newSlotBase() };
    case 'command': {
      if (argv.length === 0) {
        throw new VaultShellError('USAGE', 'a command slot needs a command', {
          hint: 'vault-shell key add --key command -- PROGRAM ARGS...',
        });
      }
      const printed = await keyFromCommand(argv, { environment: plainEnvironment(environment) });
      const same = printed.equals(key);
      printed.fill(0);
      if (!same) throw new VaultShellError('WRONG_KEY', 'the command prints another key');
      return { kind, argv, ...newSlotBase() };
    }
    default:
      return kind satisfies never;
  }
}

/** From VAULT_SHELL_PASSPHRASE, else asked twice on the terminal. */
async function newPassphrase(environment: Environment): Promise<string> {
  const given = environment[PASSPHRASE_VARIABLE];
  if (given !== undefined && given !== '') return given;
  if (!canAsk()) {
    throw new VaultShellError('TERMINAL', 'no terminal to ask for a passphrase on', {
      hint: `set ${PASSPHRASE_VARIABLE}, or choose another --key`,
    });
  }
  const passphrase = await askHidden('vault-shell: new passphrase: ');
  if (passphrase === '') throw new VaultShellError('USAGE', 'the passphrase is empty');
  const again = await askHidden('vault-shell: the same again: ');
  if (again !== passphrase) throw new VaultShellError('USAGE', 'the passphrases differ');
  return passphrase;
}
