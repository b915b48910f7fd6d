import type { GrantStore } from '../vault/types.ts';
import type { WatchFile } from './watch-file.ts';

/** Which process runs with which grant, until its exit code is stored. */
export interface Grants {
  /** The process itself asked and is about to exec. */
  started(operation: string, pid: number, ppid: number): void;
  /** `ppid` asked and is about to spawn; `spawned` or `failed` follows. */
  spawning(operation: string, ppid: number): void;
  spawned(operation: string, pid: number, ppid: number): void;
  /** The exec or spawn failed: the command counts as 127 (not found) or 126. */
  failed(operation: string, errno: number): void;
  /** `ppid` says that its child `pid` ended so; believed only if it was the parent all along. */
  reaped(pid: number, ppid: number, status: number): void;
  /** The session itself saw `pid` end. */
  ended(pid: number, exitCode: number): void;
  /** The latest grant of a process. */
  latest(pid: number): string | undefined;
  /** Waits for all exit codes that are being stored. */
  settle(): Promise<void>;
  /** Forgets what is awaited. */
  clear(): void;
}

interface Pending {
  readonly ppid: number;
  /** Oldest first: a process may exec several times, and all of them end as one. */
  readonly operations: string[];
}

interface Spawning {
  readonly ppid: number;
  readonly timer: NodeJS.Timeout;
}

/** A spawner that was killed never tells the pid; until then every reap costs a message. */
const SPAWN_LIMIT_MS = 30_000;
/** When so many processes are awaited, those that are gone are dropped: nobody could tell how they ended. */
const SWEEP_ABOVE = 4096;
const ENOENT = 2;

export function createGrants(store: GrantStore, watch: WatchFile): Grants {
  const pending = new Map<number, Pending>();
  const spawning = new Map<string, Spawning>();
  /** Children that were reaped before their spawner could tell their pid. */
  const early = new Map<number, { ppid: number; exitCode: number }>();
  const storing = new Set<Promise<unknown>>();
  let sweepAbove = SWEEP_ABOVE;

  /** Nobody waits for it: a shell's prompt would hang on it. */
  function record(operations: readonly string[], exitCode: number): void {
    // A row without an exit code is what remains when the vault cannot take it: nothing to tell anyone.
    const stored = Promise.allSettled(
      operations.map(async (operation) => store.recordExit(operation, exitCode)),
    ).finally(() => storing.delete(stored));
    storing.add(stored);
  }

  function forget(pid: number): readonly string[] {
    const known = pending.get(pid);
    if (known === undefined) return [];
    pending.delete(pid);
    watch.unwatch(pid);
    return known.operations;
  }

  function sweep(): void {
    if (pending.size < sweepAbove) return;
    for (const pid of pending.keys()) if (!isAlive(pid)) forget(pid);
    sweepAbove = Math.max(SWEEP_ABOVE, 2 * pending.size);
  }

  function started(operation: string, pid: number, ppid: number): void {
    const known = pending.get(pid);
    if (known?.ppid === ppid) {
      known.operations.push(operation);
      return;
    }
    // Another parent: another process under a used pid, or one whose parent died.
    forget(pid);
    sweep();
    pending.set(pid, { ppid, operations: [operation] });
    watch.watch(pid);
  }

  function endSpawning(operation: string): Spawning | undefined {
    const known = spawning.get(operation);
    if (known === undefined) return undefined;
    clearTimeout(known.timer);
    spawning.delete(operation);
    if (spawning.size === 0) watch.watchAll(false);
    return known;
  }

  function dropEarly(ppid: number): void {
    if ([...spawning.values()].some((other) => other.ppid === ppid)) return;
    for (const [pid, child] of early) if (child.ppid === ppid) early.delete(pid);
  }

  return {
    started,

    spawning(operation, ppid) {
      const timer = setTimeout(() => {
        endSpawning(operation);
        dropEarly(ppid);
      }, SPAWN_LIMIT_MS);
      timer.unref();
      spawning.set(operation, { ppid, timer });
      watch.watchAll(true);
    },

    spawned(operation, pid, ppid) {
      if (spawning.get(operation)?.ppid !== ppid) return;
      const child = early.get(pid);
      if (child?.ppid === ppid) early.delete(pid);
      else started(operation, pid, ppid);
      // Only now: between the two the bit of this pid is never seen clear.
      endSpawning(operation);
      dropEarly(ppid);
      if (child?.ppid === ppid) record([operation], child.exitCode);
    },

    failed(operation, errno) {
      const spawner = endSpawning(operation);
      if (spawner !== undefined) dropEarly(spawner.ppid);
      for (const [pid, known] of pending) {
        const at = known.operations.indexOf(operation);
        if (at === -1) continue;
        known.operations.splice(at, 1);
        if (known.operations.length === 0) forget(pid);
      }
      record([operation], errno === ENOENT ? 127 : 126);
    },

    reaped(pid, ppid, status) {
      const exitCode = exitCodeOfStatus(status);
      if (exitCode === undefined) return;
      if (pending.get(pid)?.ppid === ppid) {
        record(forget(pid), exitCode);
      } else if ([...spawning.values()].some((spawn) => spawn.ppid === ppid)) {
        early.set(pid, { ppid, exitCode });
      }
    },

    ended(pid, exitCode) {
      record(forget(pid), exitCode);
    },

    latest: (pid) => pending.get(pid)?.operations.at(-1),

    async settle() {
      await Promise.all(storing);
    },

    clear() {
      for (const operation of spawning.keys()) endSpawning(operation);
      for (const pid of pending.keys()) forget(pid);
      early.clear();
    },
  };
}

/** Gives the exit code of a wait status: 128+N for signal N; undefined for a child that only stopped. */
export function exitCodeOfStatus(status: number): number | undefined {
  const signal = status & 0x7f;
  if (signal === 0) return (status >> 8) & 0xff;
  return signal === 0x7f ? undefined : 128 + signal;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
