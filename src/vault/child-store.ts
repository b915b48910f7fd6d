import { Secret } from '../base/secret.ts';
import { VaultShellError } from '../base/errors.ts';
import { keepChild } from './child-keeper.ts';
import { startProcess, type VaultProcess } from './child-process.ts';
import type { Answer, Snapshot } from './child-protocol.ts';
import type { AuditHead } from './files.ts';
import type { GrantStore, NamedValue } from './types.ts';

/** A store whose database work is done by a child process, which is started again when it dies. */
export interface ChildStore extends GrantStore {
  /**
   * Hands over the key, which is copied and stays the caller's; gives all values of the vault, and what is wrong when
   * vault.db is older than vault.json knows the log to be. To be called once, before anything else. Throws what
   * `openVault` and the first operation throw: NO_VAULT, WRONG_KEY, VAULT_DAMAGED...
   */
  open(key: Buffer): Promise<Opening>;
  /** Calls `listener` with all values within a second of another process changing any of them. */
  onValues(listener: (values: NamedValue[]) => void): void;
  /** Keeps the newest row of the log in vault.json now; it is kept when the store is closed anyway. */
  keepHead(): Promise<void>;
  /** Whether the log has this row. */
  hasHead(head: AuditHead): Promise<boolean>;
  /** Waits for the calls under way and until the vault is closed; the child ends by itself then. */
  close(): Promise<void>;
  /** Of the child that runs now. */
  readonly pid: number | undefined;
  /** The same, when Node reaps it; undefined when it is somebody else's to reap. */
  readonly nodesPid: number | undefined;
}

export interface Opening {
  readonly values: readonly NamedValue[];
  readonly trouble: string | undefined;
}

/**
 * Takes the child that was started, so that it is up by the time that the key is known; the caller closes the store.
 *
 * A child that dies is replaced, and what it had not answered is asked again under the same operation
 * ids, so that each commits once.
 */
export function startChildStore(
  directory: string,
  first: VaultProcess = startProcess(),
): ChildStore {
  const listeners = new Set<(values: NamedValue[]) => void>();
  const report = (snapshot: Snapshot): void => {
    for (const listener of listeners) listener(asNamedValues(snapshot));
  };
  const child = keepChild(first, directory, report);
  return {
    open: async (key) => {
      child.unlock(key);
      const answer = await child.call({ op: 'start' });
      if (answer.kind !== 'started') throw outOfPlace(answer);
      return { values: asNamedValues(answer.snapshot), trouble: answer.trouble };
    },
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
    get nodesPid() {
      return child.nodesPid;
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
