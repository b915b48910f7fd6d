import { Secret } from '../base/secret.ts';
import { VaultShellError } from '../base/errors.ts';
import { keepChild } from './child-keeper.ts';
import type { Answer, Snapshot } from './child-protocol.ts';
import type { AuditHead } from './files.ts';
import type { GrantStore, NamedValue } from './types.ts';

/** A store whose database work is done by a child process, which is started again when it dies. */
export interface ChildStore extends GrantStore {
  /** Gives all values of the vault. */
  values(): Promise<NamedValue[]>;
  /** Calls `listener` with all values within a second of another process changing any of them. */
  onValues(listener: (values: NamedValue[]) => void): void;
  /** Says what is wrong when vault.db is older than vault.json knows the log to be. */
  checkHead(): Promise<string | undefined>;
  /** Keeps the newest row of the log in vault.json now; it is kept when the store is closed anyway. */
  keepHead(): Promise<void>;
  /** Whether the log has this row. */
  hasHead(head: AuditHead): Promise<boolean>;
  /** Waits for the calls under way, then ends the child. */
  close(): Promise<void>;
  /** Of the child that runs now. */
  readonly pid: number | undefined;
}

/**
 * Starts the child and gives the store once the vault is open. The key is copied and stays the
 * caller's. Throws what `openVault` and the first operation throw: NO_VAULT, WRONG_KEY, VAULT_DAMAGED...
 *
 * A child that dies is replaced, and what it had not answered is asked again under the same operation
 * ids, so that each commits once.
 */
export async function startChildStore(options: {
  directory: string;
  key: Buffer;
}): Promise<ChildStore> {
  const listeners = new Set<(values: NamedValue[]) => void>();
  const report = (snapshot: Snapshot): void => {
    for (const listener of listeners) listener(asNamedValues(snapshot));
  };
  const child = keepChild({ ...options, onValues: report });
  const values = async (): Promise<NamedValue[]> => {
    const answer = await child.call({ op: 'values' });
    if (answer.kind !== 'values') throw outOfPlace(answer);
    return asNamedValues(answer.snapshot);
  };
  try {
    await values();
  } catch (error) {
    await child.close();
    throw error;
  }
  return {
    values,
    rules: async (names) => {
      const answer = await child.call({ op: 'rules', names });
      if (answer.kind !== 'rules') throw outOfPlace(answer);
      return answer.rules;
    },
    grant: async (request) => {
      const answer = await child.call({ op: 'grant', request });
      if (answer.kind === 'unknown') return answer;
      if (answer.kind === 'changed') return { kind: 'changed', rules: answer.rules };
      if (answer.kind !== 'granted') throw outOfPlace(answer);
      return { kind: 'granted', values: answer.values.map((value) => new Secret(value)) };
    },
    deny: async (request) => {
      await child.call({ op: 'deny', request });
    },
    postApproval: async (pending) => {
      await child.call({ op: 'postApproval', pending });
    },
    withdrawApproval: async (approval) => {
      await child.call({ op: 'withdrawApproval', approval });
    },
    verdictOf: async (approval) => {
      const answer = await child.call({ op: 'verdictOf', approval });
      if (answer.kind !== 'verdict') throw outOfPlace(answer);
      return answer.verdict;
    },
    recordExit: async (operation, exitCode) => {
      await child.call({ op: 'recordExit', operation, exitCode });
    },
    checkHead: async () => {
      const answer = await child.call({ op: 'checkHead' });
      if (answer.kind !== 'checked') throw outOfPlace(answer);
      return answer.trouble;
    },
    keepHead: async () => {
      await child.call({ op: 'keepHead' });
    },
    hasHead: async (head) => {
      const answer = await child.call({ op: 'hasHead', head });
      if (answer.kind !== 'has') throw outOfPlace(answer);
      return answer.has;
    },
    onValues: (listener) => {
      listeners.add(listener);
    },
    close: () => child.close(),
    get pid() {
      return child.pid;
    },
  };
}

function asNamedValues({ values }: Snapshot): NamedValue[] {
  return values.map(({ name, value }) => ({ name, value: new Secret(value) }));
}

function outOfPlace({ kind }: Answer): VaultShellError {
  return new VaultShellError(
    'INTERNAL',
    `the vault's process gave an answer out of place: ${kind}`,
  );
}
