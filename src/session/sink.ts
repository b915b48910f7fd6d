import { constants, closeSync, fstatSync, openSync, write } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { systemCode } from '../base/errors.ts';
import { native } from '../base/native.ts';
import { deferred, type Deferred } from './deferred.ts';

/** A descriptor that somebody gave us to write to, in the order of the calls. */
export type Sink = {
  /**
   * Takes `bytes`, which are the caller's again afterwards. `more`: they may wait for the next call, which follows at once.
   * Gives a promise when the reader is behind: the caller writes no more until it resolves. Never throws or rejects.
   */
  write(bytes: Uint8Array, more?: boolean): Promise<void> | undefined;
  /** Nothing waits to be written. */
  isIdle(): boolean;
  /** Resolves when nothing waits to be written any more. */
  flush(): Promise<void>;
  /** Forgets the descriptor; it stays open. */
  close(): void;
};

/** How long the event loop stands still for a reader that is only a moment behind. */
const PATIENCE_MS = 4;
/** So much at once is written by another thread, while more is read and redacted here: handing over costs less. */
const BULK_BYTES = 16 * 1024;
/** What waits to be written is at most what the reader last took in so long... */
const AHEAD_MS = 10;
/** ...and at most this: a slow reader must not see for long what came before the user pressed Ctrl-C. */
const MAX_AHEAD_BYTES = 512 * 1024;
/** When a descriptor that somebody else made non-blocking is full: how often it is tried again. */
const RETRY_MS = 2;

/**
 * Gives a sink over `fd`, which may be anything. `onFailure` is called once, with the system's error; what is
 * written after that is dropped.
 *
 * A reader that does not read must not stop the event loop: the broker answers in it, signals arrive in it.
 * So nothing here may block. A terminal or a pipe is opened a second time, as our own non-blocking
 * description (the one we were given is shared with other processes, whose flags are not ours to
 * change); what that does not take within PATIENCE_MS, and what is much, is written by a worker thread.
 */
export function openSink(fd: number, onFailure: (error: unknown) => void): Sink {
  const kind = kindOf(fd);
  const own = kind === 'waits' ? reopen(fd) : undefined;
  const direct = kind === 'never waits' ? fd : own;
  let failed = false;
  let writing: Promise<void> | undefined;
  let room: Deferred<void> | undefined;
  /** What another thread writes now, and what waits for it. */
  let flying = openBuffer();
  let waiting = openBuffer();
  let allowed = 0;

  function fail(error: unknown): void {
    if (failed) return;
    failed = true;
    waiting.clear();
    onFailure(error);
  }

  function writeNow(bytes: Uint8Array): number {
    if (direct === undefined || (direct === own && bytes.length >= BULK_BYTES)) return 0;
    try {
      return native().writeWithin(direct, bytes, 0, PATIENCE_MS);
    } catch (error) {
      fail(error);
      return 0;
    }
  }

  async function writeWaiting(): Promise<void> {
    while (waiting.bytes().length > 0) {
      [flying, waiting] = [waiting, flying];
      const bytes = flying.bytes();
      const begun = performance.now();
      await writeLater(fd, bytes).catch(fail);
      const elapsed = performance.now() - begun;
      allowed = Math.min(MAX_AHEAD_BYTES, (bytes.length * AHEAD_MS) / elapsed);
      flying.clear();
      room?.resolve();
      room = undefined;
    }
    writing = undefined;
  }

  /** Writes what waits. Gives a promise when it is too much. */
  function writeOn(): Promise<void> | undefined {
    if (writing === undefined) {
      waiting.drop(writeNow(waiting.bytes()));
      if (waiting.bytes().length === 0) return undefined;
      writing = writeWaiting();
    }
    if (flying.bytes().length + waiting.bytes().length <= allowed) return undefined;
    room ??= deferred();
    return room.promise;
  }

  return {
    write(bytes, more = false) {
      if (failed) return undefined;
      waiting.append(bytes);
      return more ? undefined : writeOn();
    },
    isIdle: () => writing === undefined && waiting.bytes().length === 0,
    async flush() {
      void writeOn();
      await writing;
    },
    close() {
      if (own !== undefined) closeSync(own);
    },
  };
}

type GrowingBuffer = {
  append(bytes: Uint8Array): void;
  /** Forgets the first bytes. */
  drop(count: number): void;
  bytes(): Uint8Array;
  clear(): void;
};

/** Gives a buffer that keeps its memory: what a flood is written from is not allocated again and again. */
function openBuffer(): GrowingBuffer {
  let buffer = Buffer.alloc(0);
  let length = 0;
  return {
    append(bytes) {
      if (length + bytes.length > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(2 * (length + bytes.length));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(bytes, length);
      length += bytes.length;
    },
    drop(count) {
      buffer.copyWithin(0, count, length);
      length -= count;
    },
    bytes: () => buffer.subarray(0, length),
    clear() {
      length = 0;
    },
  };
}

function kindOf(fd: number): 'waits' | 'never waits' | 'cannot be reopened' {
  if (isatty(fd)) return 'waits';
  const stats = fstatSync(fd);
  if (stats.isFIFO()) return 'waits';
  // A file must not be opened again, or it would have two positions; nor does writing to it wait for a reader.
  return stats.isSocket() ? 'cannot be reopened' : 'never waits';
}

function reopen(fd: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const flags = constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK;
    return openSync(`/proc/self/fd/${fd}`, flags);
  } catch {
    // Another user's terminal (su), no /proc, no reader any more: the worker thread does it all.
    return undefined;
  }
}

async function writeLater(fd: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += await writeSome(fd, bytes, done);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error;
      await delay(RETRY_MS);
    }
  }
}

function writeSome(fd: number, bytes: Uint8Array, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error) reject(error);
      else resolve(written);
    });
  });
}
