import { randomBytes } from 'node:crypto';
import { VaultShellError } from '../../base/errors.ts';
import { hardenProcess } from '../../base/hardening.ts';
import { parseHexkey } from '../../keys/hexkey.ts';
import { removeFromKeychain } from '../../keys/keychain.ts';
import { plainEnvironment } from '../../session/environment.ts';
import { createVault, newVaultId, refuseExisting } from '../../vault/create.ts';
import { CIPHERS, STORAGE_MODES } from '../../vault/files.ts';
import { newSlot } from '../new-slot.ts';
import { say } from '../output.ts';
import { HEXKEY_VARIABLE } from '../unlock.ts';
import { choiceOf, type Arguments, type Command, type Context } from './command.ts';

const KINDS = ['passphrase', 'keychain', 'hexkey'] as const;

export const initCommand: Command = {
  usage: 'init',
  describe: 'make a vault',
  build: (parser) =>
    parser
      .option('key', {
        choices: KINDS,
        requiresArg: true,
        default: 'passphrase',
        describe: `what unlocks it; hexkey: the 64 hex digits in ${HEXKEY_VARIABLE}, each time`,
      })
      .option('cipher', {
        choices: CIPHERS,
        requiresArg: true,
        default: 'aes256gcm',
        describe: 'page encryption',
      })
      .option('storage', {
        choices: STORAGE_MODES,
        requiresArg: true,
        default: 'exclusive',
        describe: 'how processes share the file',
      }),
  run: init,
};

async function init(parsed: Arguments, { directory, environment }: Context): Promise<undefined> {
  refuseExisting(directory);
  hardenProcess();
  const kind = choiceOf(parsed, 'key', KINDS);
  const id = newVaultId();
  const keychain = { environment: plainEnvironment(environment) };
  const key = kind === 'hexkey' ? givenKey(environment[HEXKEY_VARIABLE]) : randomBytes(32);
  try {
    const slots = kind === 'hexkey' ? [] : [await newSlot({ kind, vaultId: id, key, environment })];
    try {
      await createVault(directory, {
        key,
        id,
        slots,
        cipher: choiceOf(parsed, 'cipher', CIPHERS),
        storage: choiceOf(parsed, 'storage', STORAGE_MODES),
      });
    } catch (error) {
      // The entry was made for a vault that is not there.
      if (kind === 'keychain') await removeFromKeychain(id, keychain).catch(() => undefined);
      throw error;
    }
  } finally {
    key.fill(0);
  }
  say(`made a vault in ${directory}`);
}

function givenKey(hexkey: string | undefined): Buffer {
  if (hexkey === undefined || hexkey === '') {
    throw new VaultShellError('VAULT_LOCKED', `${HEXKEY_VARIABLE} is not set`, {
      hint: `export ${HEXKEY_VARIABLE}="$(openssl rand -hex 32)"`,
    });
  }
  return parseHexkey(hexkey);
}
