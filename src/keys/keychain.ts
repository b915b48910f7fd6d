import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { KEY_BYTES, parseHexkey } from './hexkey.ts';
import type { KeychainAnswer, KeychainQuestion, StoredHead } from './keychain-main.ts';

/**
 * The vault's key in the OS keychain. A process of its own asks it (`keychain-main.ts`): the library
 * blocks its whole process for as long as a keychain takes that does not answer.
 */

/** Where nobody answers an unlock prompt, the keychain would never answer either. */
const TIMEOUT_MS = 10_000;

export interface KeychainOptions {
  /** For the process that asks: must have what finds the D-Bus session, and nothing that opens a vault. */
  readonly environment: Environment;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Stores the key under the vault's id and reads it back, so that what was stored is known to open. */
export async function storeInKeychain(
  vaultId: string,
  key: Buffer,
  options: KeychainOptions,
): Promise<void> {
  if (key.length !== KEY_BYTES) throw new VaultShellError('INTERNAL', 'the key has a wrong length');
  const hexkey = key.toString('hex');
  await ask({ verb: 'store', vaultId, hexkey }, options);
  const stored = await ask({ verb: 'load', vaultId }, options);
  if (stored !== hexkey) {
    throw new VaultShellError('KEYCHAIN', 'the keychain did not keep the key', { hint: HINT });
  }
}

/**
 * Gives the key of a vault, which the caller zeroes. A missing entry is an error like any other: it
 * may also mean that the keychain was never unlocked, so it is no reason to make a new key.
 */
export async function loadFromKeychain(vaultId: string, options: KeychainOptions): Promise<Buffer> {
  const stored = await ask({ verb: 'load', vaultId }, options);
  if (typeof stored !== 'string') {
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
  options: KeychainOptions,
): Promise<boolean> {
  return (await ask({ verb: 'remove', vaultId }, options)) === true;
}

/**
 * Keeps the head of a vault's log, unless the one that is kept is newer (`anew`: even then), and gives the one
 * that was kept before. Two processes at once may leave the older of their two.
 */
export async function storeHeadInKeychain(
  vaultId: string,
  head: StoredHead,
  { anew = false, ...options }: KeychainOptions & { readonly anew?: boolean },
): Promise<StoredHead | undefined> {
  return parseHead(await ask({ verb: 'store-head', vaultId, head, anew }, options));
}

/** Gives the head of a vault's log, or undefined when none is kept. */
export async function loadHeadFromKeychain(
  vaultId: string,
  options: KeychainOptions,
): Promise<StoredHead | undefined> {
  return parseHead(await ask({ verb: 'load-head', vaultId }, options));
}

function parseHead(stored: KeychainAnswer['result']): StoredHead | undefined {
  if (typeof stored !== 'string') return undefined;
  const match = /^(\d{1,15}) ([0-9a-f]{64})$/.exec(stored);
  if (match === null) {
    throw new VaultShellError('KEYCHAIN', "the keychain holds something that is no log's head", {
      hint: HINT,
    });
  }
  return { id: Number(match[1]), mac: match[2] ?? '' };
}

const HINT = 'unlock the keychain (log in to the desktop), or open the vault another way';

async function ask(
  question: KeychainQuestion,
  { environment, timeoutMs = TIMEOUT_MS, signal }: KeychainOptions,
): Promise<KeychainAnswer['result']> {
  const script = fileURLToPath(new URL('../keys/keychain-main.js', import.meta.url));
  const child = fork(script, {
    env: environment,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const answer = await whenAnswered(child, question, timeoutMs, signal);
  if (answer.error === undefined) return answer.result;
  throw new VaultShellError('KEYCHAIN', explain(answer.error), {
    hint: HINT,
    cause: new Error(answer.error),
  });
}

/** Resolves with an answer whatever becomes of the child, which is gone soon after. */
function whenAnswered(
  child: ChildProcess,
  question: KeychainQuestion,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<KeychainAnswer> {
  return new Promise((resolve) => {
    const settle = (answer: KeychainAnswer): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      child.kill('SIGKILL');
      resolve(answer);
    };
    const stop = (): void => settle({ error: 'stopped waiting' });
    const timer = setTimeout(
      () => settle({ error: `no answer within ${timeoutMs / 1000} s` }),
      timeoutMs,
    );
    child.on('message', (message: KeychainAnswer) => settle(message));
    child.on('error', (error) => settle({ error: error.message }));
    child.on('exit', () => settle({ error: 'its client ended by itself' }));
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop);
    child.send(question, () => undefined);
  });
}

/** What the Secret Service client says, in words that help; the original stays in `cause`. */
function explain(text: string): string {
  if (text.startsWith('no answer')) return text.replace('no answer', 'the keychain did not answer');
  return `the keychain cannot be used: ${explainFailure(text)}`;
}

function explainFailure(text: string): string {
  if (/DBUS_SESSION_BUS_ADDRESS|autolaunch|connect to address/i.test(text)) {
    return 'there is no D-Bus session here';
  }
  if (/org\.freedesktop\.secrets/.test(text)) return 'no keychain service is running';
  if (/prompt was dismissed|\bis locked/i.test(text)) return 'it is locked';
  if (/no result found/i.test(text)) return 'it has no keyring yet';
  if (/Did not receive a reply/.test(text)) return 'it does not answer';
  return text.split('\n', 1)[0] ?? 'unknown error';
}
