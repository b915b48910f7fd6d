import { constants, closeSync, fstatSync, openSync, write } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { systemCode } from '../base/errors.ts';
import { native } from '../base/native.ts';

/** A descriptor that somebody gave us to write to, in the order of the calls. */
export type Sink = {
  /**
   * Writes all of `bytes`: at once where the descriptor takes them, and then gives undefined; else gives a
   * promise, until which the caller keeps `bytes` as they are and writes nothing more. Throws or rejects with
   * the system's error.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Forgets the descriptor; it stays open. */
  close(): void;
};

/**
 * How long the event loop stands still for a reader that is only a moment behind. Handing over to a
 * worker thread each time a terminal is full would halve the throughput.
 */
const PATIENCE_MS = 4;
/** When a descriptor that somebody else made non-blocking is full: how often it is tried again. */
const RETRY_MS = 2;

/**
 * Gives a sink over `fd`, which may be anything.
 *
 * A reader that does not read must not stop the event loop: the broker answers in it, signals arrive in it.
 * So nothing here may block. A terminal or a pipe is opened a second time, as our own non-blocking
 * description (the one we were given is shared with other processes, whose flags are not ours to
 * change); what that does not take within PATIENCE_MS is written by a worker thread.
 */
export function openSink(fd: number): Sink {
  const kind = kindOf(fd);
  const own = kind === 'waits' ? reopen(fd) : undefined;
  const direct = kind === 'never waits' ? fd : own;
  return {
    write(bytes) {
      const done = direct === undefined ? 0 : native().writeWithin(direct, bytes, 0, PATIENCE_MS);
      return done === bytes.length ? undefined : writeLater(fd, bytes, done);
    },
    close() {
      if (own !== undefined) closeSync(own);
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

async function writeLater(fd: number, bytes: Uint8Array, from: number): Promise<void> {
  let done = from;
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
