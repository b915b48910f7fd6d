import { systemCode, VaultShellError } from '../base/errors.ts';
import type { Filter } from './filter.ts';
import { holdSink, type Followed, type HeldSink } from './held-sink.ts';
import { isLiveReader } from './live-reader.ts';
import { openSink } from './sink.ts';

/** Held bytes are shown when nothing came for so long, where somebody waits for them (contract, section 6). */
export const RELEASE_MS = 20;

/** An echo is a few bytes: the key, and what an editor of lines writes around it. */
const ECHO_BYTES = 16;

/** One outward stream: bytes go through the filter, and what it lets pass goes to the descriptor. */
export type Outlet = {
  /**
   * Takes the next bytes; `chunk` stays the caller's. Gives a promise when the reader is slow: the caller reads no more
   * until it resolves. It never rejects. Throws what the filter throws. `more`: the next call follows at once.
   */
  readonly write: (chunk: Uint8Array, more?: boolean) => Promise<void> | undefined;
  /**
   * Told what was typed: of its echo nothing waits for RELEASE_MS, since who typed it knows it. It is no more that is
   * shown, only sooner.
   */
  readonly expectEcho: (typed: Uint8Array) => void;
  /**
   * Writes what the filter still holds, and ends. Throws TERMINAL when output was lost for another reason
   * than that the reader went away.
   */
  readonly end: () => Promise<void>;
  /** Holds back what the filter lets pass, and shows something else meanwhile. */
  readonly stage: Pick<HeldSink, 'hold' | 'show'>;
};

const UNFOLLOWED: Followed = { write: () => undefined, isWhole: () => true };

/**
 * Gives the outlet to `fd`. `onGone` is called once, when nobody can read any more: what is written after
 * that is dropped. `modes` follows what is written.
 */
export function openOutlet(
  fd: number,
  filter: Filter,
  onGone: () => void,
  modes: Followed = UNFOLLOWED,
): Outlet {
  let failure: { readonly error: unknown } | undefined;
  const sink = holdSink(
    openSink(fd, (error) => {
      failure = { error };
      onGone();
    }),
    modes,
  );

  // Where somebody waits, held bytes come out after a pause; any other pipe or file gets them with what follows.
  const timer = isLiveReader(fd) ? setTimeout(release, RELEASE_MS) : undefined;
  timer?.unref();

  let awaited = Buffer.alloc(0);

  function isEcho(chunk: Uint8Array): boolean {
    const at = chunk.length > ECHO_BYTES ? -1 : awaited.indexOf(chunk.at(-1) ?? NaN);
    awaited = awaited.subarray(at === -1 ? awaited.length : at + 1);
    return at !== -1;
  }

  function release(): void {
    if (sink.isIdle()) void sink.write(filter.release());
    else timer?.refresh();
  }

  return {
    write(chunk, more) {
      timer?.refresh();
      const later = sink.write(filter.write(chunk), more);
      if (more === true || !isEcho(chunk)) return later;
      return sink.write(filter.release()) ?? later;
    },
    expectEcho(typed) {
      awaited = Buffer.concat([awaited, typed.subarray(-ECHO_BYTES)]).subarray(-ECHO_BYTES);
    },
    async end() {
      clearTimeout(timer);
      await sink.flush();
      void sink.write(filter.end());
      await sink.flush();
      sink.close();
      const error = failure?.error;
      if (failure !== undefined && !isGone(error)) {
        throw new VaultShellError(
          'TERMINAL',
          `cannot write the output: ${systemCode(error) ?? 'unknown error'}`,
          { cause: error },
        );
      }
    },
    stage: sink,
  };
}

/** A closed pipe, a hung-up terminal, a closed connection. */
function isGone(error: unknown): boolean {
  return ['EPIPE', 'EIO', 'ECONNRESET'].includes(systemCode(error) ?? '');
}
