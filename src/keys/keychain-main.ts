import type { AsyncEntry as AsyncEntryType } from '@napi-rs/keyring';
import { hardenProcess } from '../base/hardening.ts';

/**
 * The process that asks the OS keychain one question. On Linux the Secret Service is pinned: the
 * library's default falls back to the kernel keyring, which forgets the key at the next start of the
 * machine.
 */

export type KeychainQuestion =
  | { readonly verb: 'store'; readonly vaultId: string; readonly hexkey: string }
  | { readonly verb: 'load' | 'remove'; readonly vaultId: string }
  /** The head of the log; `anew`: also when the one that is there is newer. */
  | {
      readonly verb: 'store-head';
      readonly vaultId: string;
      readonly head: StoredHead;
      readonly anew: boolean;
    }
  | { readonly verb: 'load-head'; readonly vaultId: string };

export interface StoredHead {
  readonly id: number;
  readonly mac: string;
}

export interface KeychainAnswer {
  /** `load`: the hex digits, or nothing when there is no entry. `load-head` and `store-head`: `<id> <mac>` of what was kept. `remove`: whether there was one. */
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
  const open = (account: string): AsyncEntryType =>
    new AsyncEntry(SERVICE, account, { linux: { store: 'secret-service' } });
  const headEntry = open(`${question.vaultId}-audit-head`);
  if (question.verb === 'load-head') return (await headEntry.getPassword()) ?? undefined;
  if (question.verb === 'store-head') {
    const { id, mac } = question.head;
    const former = (await headEntry.getPassword()) ?? undefined;
    const isNewer = !(Number.parseInt(former ?? '0', 10) >= id);
    if (question.anew || isNewer) await headEntry.setPassword(`${String(id)} ${mac}`);
    return former;
  }
  const entry = open(question.vaultId);
  if (question.verb === 'store') {
    await entry.setPassword(question.hexkey);
    return true;
  }
  if (question.verb === 'remove') {
    await headEntry.deleteCredential().catch(() => undefined);
    return entry.deleteCredential();
  }
  return (await entry.getPassword()) ?? undefined;
}
