import { isatty } from 'node:tty';
import { systemCode, VaultShellError } from '../base/errors.ts';
import type { Filter } from './filter.ts';
import { openSink } from './sink.ts';

/** Held bytes are shown when a terminal has been quiet for so long (contract, section 6). */
export const RELEASE_MS = 20;

/** One outward stream: bytes go through the filter, and what it lets pass goes to the descriptor. */
export type Outlet = {
  /**
   * Takes the next bytes. Gives a promise when the reader is slow: the caller reads no more until it
   * resolves, and leaves `chunk` alone. It never rejects.
   */
  readonly write: (chunk: Uint8Array) => Promise<void> | undefined;
  /**
   * Writes what the filter still holds, and ends. Throws TERMINAL when output was lost for another reason
   * than that the reader went away.
   */
  readonly end: () => Promise<void>;
};

/**
 * Gives the outlet to `fd`. `onGone` is called once, when nobody can read any more: what is written after
 * that is dropped.
 */
export function openOutlet(fd: number, filter: Filter, onGone: () => void): Outlet {
  const sink = openSink(fd);
  let pending: Promise<void> | undefined;
  let gone = false;
  let failure: unknown;

  // Where a person watches, held bytes come out after a pause; a pipe or file gets them with what follows.
  const timer = isatty(fd) ? setTimeout(release, RELEASE_MS) : undefined;
  timer?.unref();

  function release(): void {
    if (pending === undefined) void pass(filter.release());
    else timer?.refresh();
  }

  function pass(bytes: Uint8Array): Promise<void> | undefined {
    if (gone || bytes.length === 0) return undefined;
    try {
      const later = sink.write(bytes);
      if (later === undefined) return undefined;
      const settled = later.catch(fail).finally(() => {
        if (pending === settled) pending = undefined;
      });
      pending = settled;
      return settled;
    } catch (error) {
      fail(error);
      return undefined;
    }
  }

  function fail(error: unknown): void {
    if (gone) return;
    gone = true;
    failure = error;
    onGone();
  }

  return {
    write(chunk) {
      timer?.refresh();
      if (pending === undefined) return pass(filter.write(chunk));
      // Only after a release that the reader has not taken yet. The filter may own the bytes in flight.
      return pending.then(() => pass(filter.write(chunk)));
    },
    async end() {
      clearTimeout(timer);
      await pending;
      await pass(filter.end());
      sink.close();
      if (gone && !isGone(failure)) {
        throw new VaultShellError(
          'TERMINAL',
          `cannot write the output: ${systemCode(failure) ?? 'unknown error'}`,
          { cause: failure },
        );
      }
    },
  };
}

/** A closed pipe, a hung-up terminal, a closed connection. */
function isGone(error: unknown): boolean {
  return ['EPIPE', 'EIO', 'ECONNRESET'].includes(systemCode(error) ?? '');
}
