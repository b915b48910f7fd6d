import { hardenProcess } from '../base/hardening.ts';

/**
 * The process that asks the OS keychain one question. On Linux the Secret Service is pinned: the
 * library's default falls back to the kernel keyring, which forgets the key at the next start of the
 * machine.
 */

export type KeychainQuestion =
  | { readonly verb: 'store'; readonly vaultId: string; readonly hexkey: string }
  | { readonly verb: 'load' | 'remove'; readonly vaultId: string };

export interface KeychainAnswer {
  /** `load`: the hex digits, or nothing when there is no entry. `remove`: whether there was one. */
  readonly result?: string | boolean | undefined;
  readonly error?: string | undefined;
}

const SERVICE = 'vault-shell';

hardenProcess();
process.once('message', (question: KeychainQuestion) => void answer(question));

async function answer(question: KeychainQuestion): Promise<void> {
  try {
    const result = await ask(question);
    process.send?.({ result } satisfies KeychainAnswer);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.send?.({ error: text } satisfies KeychainAnswer);
  }
}

async function ask(question: KeychainQuestion): Promise<KeychainAnswer['result']> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  const entry = new AsyncEntry(SERVICE, question.vaultId, { linux: { store: 'secret-service' } });
  if (question.verb === 'store') {
    await entry.setPassword(question.hexkey);
    return true;
  }
  if (question.verb === 'remove') return entry.deleteCredential();
  return (await entry.getPassword()) ?? undefined;
}
