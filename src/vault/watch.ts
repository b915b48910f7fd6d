import { statfsSync, statSync, watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { vaultPaths } from './files.ts';

/** Lets the writes of one commit pass as one change. */
const DEBOUNCE_MS = 50;
/** A vault under constant writing is read again at most this often. */
const MIN_GAP_MS = 200;
/** For where file events are missing; with the read it stays well under the second promised. */
const POLL_MS = 500;
/** Where they are not: only in case. An idle session is to take no time of the CPU. */
const RARE_POLL_MS = 60_000;
/** File systems on which no other machine can write unseen: ext, xfs, btrfs, tmpfs, f2fs, zfs, overlay (statfs(2)). */
const LOCAL: readonly number[] = [
  0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0xf2f5_2010, 0x2fc1_2fc1, 0x794c_7630,
];
/** A file time this much older than our look cannot belong to a write after the look. */
const SETTLED_MS = 50;

/**
 * Calls `onChange` soon after the database file may have changed, never twice at once. It looks at
 * file times only, so it holds no lock and opens nothing. Calls that turn out to be needless are
 * allowed for, a missed change is not: `before` is a look taken before what is known was read. Gives the
 * function that stops it; keeps no process alive.
 */
export function watchVault(
  directory: string,
  before: Look,
  onChange: () => Promise<void>,
): () => void {
  let seen = before;
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let stopped = false;

  const schedule = (delayMs: number): void => {
    if (timer !== undefined || running || stopped || !hasChanged(directory, seen)) return;
    timer = setTimeout(() => void report(), delayMs).unref();
  };
  const report = async (): Promise<void> => {
    timer = undefined;
    running = true;
    // Before the reading: what is written while it goes on counts as a change after it.
    seen = look(directory);
    try {
      await onChange();
    } finally {
      running = false;
      schedule(MIN_GAP_MS);
    }
  };

  const pollEvery = (periodMs: number): NodeJS.Timeout =>
    setInterval(() => schedule(0), periodMs).unref();
  let poll = pollEvery(RARE_POLL_MS);
  const onLost = (): void => {
    clearInterval(poll);
    if (!stopped) poll = pollEvery(POLL_MS);
  };
  const watcher = watchFiles(directory, () => schedule(DEBOUNCE_MS), onLost);
  if (watcher === undefined || !isLocal(directory)) onLost();
  // What was written before the watcher was there.
  schedule(0);
  return () => {
    stopped = true;
    watcher?.close();
    clearInterval(poll);
    clearTimeout(timer);
  };
}

/** The files of a vault as they were at one moment. */
export interface Look {
  readonly fingerprint: string;
  readonly newestMs: number;
  readonly takenMs: number;
}

export function look(directory: string): Look {
  const { database, wal } = vaultPaths(directory);
  const files = [database, wal].map((file) =>
    statSync(file, { bigint: true, throwIfNoEntry: false }),
  );
  return {
    fingerprint: files.map((file) => `${file?.ino} ${file?.size} ${file?.mtimeNs}`).join('\n'),
    newestMs: Math.max(...files.map((file) => Number(file?.mtimeMs ?? 0n))),
    takenMs: Date.now(),
  };
}

function hasChanged(directory: string, seen: Look): boolean {
  // File times tick in milliseconds: a look right after a write cannot rule out a second write.
  if (seen.takenMs - seen.newestMs < SETTLED_MS) return true;
  return look(directory).fingerprint !== seen.fingerprint;
}

/** `onLost` is called when no more events can be counted on. */
function watchFiles(
  directory: string,
  onEvent: () => void,
  onLost: () => void,
): FSWatcher | undefined {
  const { database, wal } = vaultPaths(directory);
  const names = new Set([path.basename(database), path.basename(wal)]);
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => {
      if (name === null || names.has(name)) onEvent();
      // The directory itself was moved away or removed; another may take its place.
      else if (name === path.basename(directory)) onLost();
    });
    watcher.on('error', () => {
      watcher.close();
      onLost();
    });
    return watcher;
  } catch {
    return undefined; // out of watches, or the directory is gone
  }
}

function isLocal(directory: string): boolean {
  try {
    return process.platform === 'linux' && LOCAL.includes(statfsSync(directory).type);
  } catch {
    return false;
  }
}
