import type { AsyncEntry } from '@napi-rs/keyring';
import { VaultShellError } from '../base/errors.ts';
import { KEY_BYTES, parseHexkey } from './hexkey.ts';

/**
 * The vault's key in the OS keychain. On Linux the Secret Service is pinned: the library's default
 * falls back to the kernel keyring, which forgets the key at the next start of the machine.
 */

const SERVICE = 'vault-shell';
/** Where nobody answers an unlock prompt, the keychain would never answer either. */
const TIMEOUT_MS = 10_000;

export interface KeychainOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Stores the key under the vault's id and reads it back, so that what was stored is known to open. */
export async function storeInKeychain(
  vaultId: string,
  key: Buffer,
  options: KeychainOptions = {},
): Promise<void> {
  if (key.length !== KEY_BYTES) throw new VaultShellError('INTERNAL', 'the key has a wrong length');
  const hexkey = key.toString('hex');
  await ask(vaultId, options, (entry, signal) => entry.setPassword(hexkey, signal));
  const stored = await ask(vaultId, options, (entry, signal) => entry.getPassword(signal));
  if (stored !== hexkey) {
    throw new VaultShellError('KEYCHAIN', 'the keychain did not keep the key', { hint: HINT });
  }
}

/**
 * Gives the key of a vault, which the caller zeroes. A missing entry is an error like any other: it
 * may also mean that the keychain was never unlocked, so it is no reason to make a new key.
 */
export async function loadFromKeychain(
  vaultId: string,
  options: KeychainOptions = {},
): Promise<Buffer> {
  const stored = await ask(vaultId, options, (entry, signal) => entry.getPassword(signal));
  // The library's types say string or undefined in some releases and null in others.
  if (stored === null || stored === undefined) {
    throw new VaultShellError('KEYCHAIN', 'the keychain gives no key for this vault', {
      hint: HINT,
    });
  }
  try {
    return parseHexkey(stored);
  } catch (error) {
    throw new VaultShellError('KEYCHAIN', 'the keychain holds something that is no key', {
      hint: HINT,
      cause: error,
    });
  }
}

/** Removes the key of a vault; false when there was none. */
export async function removeFromKeychain(
  vaultId: string,
  options: KeychainOptions = {},
): Promise<boolean> {
  return ask(vaultId, options, (entry, signal) => entry.deleteCredential(signal));
}

const HINT = 'unlock the keychain (log in to the desktop), or open the vault another way';

async function ask<T>(
  vaultId: string,
  { timeoutMs = TIMEOUT_MS, signal }: KeychainOptions,
  question: (entry: AsyncEntry, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timer = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? timer : AbortSignal.any([timer, signal]);
  try {
    // Loaded here because most commands never need it.
    const { AsyncEntry: Entry } = await import('@napi-rs/keyring');
    const entry = new Entry(SERVICE, vaultId, { linux: { store: 'secret-service' } });
    // The native call may not notice the signal while it waits for a prompt, so we stop waiting ourselves.
    return await Promise.race([question(entry, stop), whenAborted(stop)]);
  } catch (error) {
    if (timer.aborted) {
      throw new VaultShellError(
        'KEYCHAIN',
        `the keychain did not answer within ${timeoutMs / 1000} s`,
        { hint: HINT, cause: error },
      );
    }
    const text = error instanceof Error ? error.message : String(error);
    throw new VaultShellError('KEYCHAIN', `the keychain cannot be used: ${explain(text)}`, {
      hint: HINT,
      cause: error,
    });
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(new Error('stopped waiting'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** What the Secret Service client says, in words that help; the original stays in `cause`. */
function explain(text: string): string {
  if (/DBUS_SESSION_BUS_ADDRESS|autolaunch|connect to address/i.test(text)) {
    return 'there is no D-Bus session here';
  }
  if (/org\.freedesktop\.secrets/.test(text)) return 'no keychain service is running';
  if (/prompt was dismissed|locked/i.test(text)) return 'it is locked';
  if (/no result found/i.test(text)) return 'it has no keyring yet';
  return text.split('\n', 1)[0] ?? 'unknown error';
}
