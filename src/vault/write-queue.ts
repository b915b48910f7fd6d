import { postApproval, verdictOf, withdrawApproval } from './approvals.ts';
import { VaultShellError } from '../base/errors.ts';
import { denyIn, grantIn } from './audit.ts';
import { fillInExit } from './audit-row.ts';
import type { Database } from './engine.ts';
import { withDatabase, WRITE, type OpenVault } from './open.ts';
import { readRules } from './policies.ts';
import type { GrantStore } from './types.ts';

/** An exit code waits so long for a grant to share its transaction with: nobody's prompt hangs on it. */
const EXIT_DELAY_MS = 10;
/** The file is locked as long as a transaction goes on; other processes wait. */
const MAX_BATCH = 64;

interface Job {
  run(database: Database): Promise<void>;
  /** Tells the caller what `run` found, once it is committed. */
  committed(): void;
  failed(error: unknown): void;
}

/**
 * Gives a store that puts what is asked for at the same time into one transaction: its opening, commit and
 * checkpoint cost far more than its rows. Each call still resolves only once its own row is on disk.
 */
export function createWriteQueue(vault: OpenVault): GrantStore {
  let waiting: Job[] = [];
  let working = false;
  let timer: NodeJS.Timeout | undefined;

  function add<T>(work: (database: Database) => Promise<T>, delayMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: { readonly value: T } | undefined;
      waiting.push({
        async run(database) {
          result = { value: await work(database) };
        },
        committed() {
          if (result === undefined) reject(new Error('not run'));
          else resolve(result.value);
        },
        failed: reject,
      });
      if (delayMs === 0) void drain();
      else timer ??= setTimeout(onTime, delayMs);
    });
  }

  function onTime(): void {
    timer = undefined;
    void drain();
  }

  async function drain(): Promise<void> {
    if (working) return;
    working = true;
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      await commit(batch);
    }
    working = false;
  }

  async function commit(batch: readonly Job[]): Promise<void> {
    try {
      await withDatabase(
        vault,
        async (database) => {
          for (const job of batch) await job.run(database);
        },
        WRITE,
      );
      for (const job of batch) job.committed();
    } catch (error) {
      // One that cannot be done must not be the end of the others; who is in the way is in the way of all.
      const isBusy = error instanceof VaultShellError && error.code === 'VAULT_BUSY';
      if (isBusy) for (const job of batch) job.failed(error);
      else if (batch.length > 1) for (const job of batch) await commit([job]);
      else batch[0]?.failed(error);
    }
  }

  return {
    verdictOf: (id) => verdictOf(vault, id),
    postApproval: (pending) => add((database) => postApproval(database, pending), 0),
    withdrawApproval: (id) => add((database) => withdrawApproval(database, id), 0),
    rules: (names) => readRules(vault, names),
    grant: (request) => add((database) => grantIn(database, vault, request), 0),
    deny: (request) => add((database) => denyIn(database, vault, request), 0),
    recordExit: (operation, exitCode) =>
      add((database) => fillInExit(database, vault, operation, exitCode), EXIT_DELAY_MS),
  };
}
