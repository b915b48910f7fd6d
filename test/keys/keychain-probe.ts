import { VaultShellError } from '../../src/base/errors.ts';
import { loadFromKeychain, removeFromKeychain, storeInKeychain } from '../../src/keys/keychain.ts';

/**
 * `keychain-probe ACTION...`: does each action with the real keychain and prints one line for it: what
 * it gave, or the error. `load:MS` sets the time-out.
 */

const VAULT_ID = '0123456789abcdef0123456789abcdef';
const environment = process.env;
const KEY = Buffer.alloc(32, 0x5a);

async function perform(action: string): Promise<string> {
  const [verb = '', timeout] = action.split(':');
  switch (verb) {
    case 'store':
      await storeInKeychain(VAULT_ID, KEY, { environment });
      return 'stored';
    case 'load': {
      const options = { environment, timeoutMs: Number(timeout ?? 10_000) };
      const key = await loadFromKeychain(VAULT_ID, options);
      return key.equals(KEY) ? 'loaded' : 'loaded another key';
    }
    case 'remove':
      return (await removeFromKeychain(VAULT_ID, { environment })) ? 'removed' : 'not there';
    default:
      throw new Error(`unknown action ${action}`);
  }
}

for (const action of process.argv.slice(2)) {
  try {
    console.log(await perform(action));
  } catch (error) {
    if (!(error instanceof VaultShellError)) throw error;
    const { code, message, hint } = error;
    console.log(`${code}: ${message}${hint === undefined ? ', without a hint' : ''}`);
  }
}
