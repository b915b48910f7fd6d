import { deferred, type Deferred } from './deferred.ts';
import type { Modes } from './modes.ts';
import type { Sink } from './sink.ts';

export type Followed = Pick<Modes, 'write' | 'isWhole'>;

/** A sink that can be held back, so that somebody else may write to its terminal. */
export type HeldSink = Sink & {
  /**
   * Holds back all that is written from now on; who writes waits, as for a slow reader. Resolves, with the function
   * that ends it, when nothing is cut in the middle, or nothing came for CUT_MS to complete what is.
   * One at a time.
   */
  hold(): Promise<() => void>;
  /** Writes past the hold. Resolves when the terminal has taken it. */
  show(bytes: Uint8Array): Promise<void>;
};

/** A program that was in the middle of writing a character or a sequence has written the rest by then. */
const CUT_MS = 50;

/** Gives `sink` with `modes` following all that is written to it. */
export function holdSink(sink: Sink, modes: Followed): HeldSink {
  let held: Deferred<void> | undefined;
  let wanted: (() => void) | undefined;

  function write(bytes: Uint8Array, more = false): Promise<void> | undefined {
    if (held !== undefined) {
      const kept = Uint8Array.from(bytes);
      return held.promise.then(() => write(kept));
    }
    if (wanted !== undefined) return writeUntilWhole(bytes);
    modes.write(bytes);
    return sink.write(bytes, more);
  }

  function writeUntilWhole(bytes: Uint8Array): Promise<void> | undefined {
    let at = 0;
    while (at < bytes.length && !modes.isWhole()) modes.write(bytes.subarray(at, ++at));
    const later = sink.write(bytes.subarray(0, at));
    if (!modes.isWhole()) return later;
    wanted?.();
    return write(bytes.subarray(at));
  }

  return {
    write,
    isIdle: () => held === undefined && sink.isIdle(),
    async flush() {
      await held?.promise;
      await sink.flush();
    },
    close() {
      sink.close();
    },
    async hold() {
      if (!modes.isWhole()) {
        const whole = deferred<void>();
        // As long as the reader is behind, nothing can come: the program is not read from.
        const timer = setTimeout(() => {
          if (sink.isIdle()) whole.resolve();
          else timer.refresh();
        }, CUT_MS);
        wanted = () => {
          begin();
          whole.resolve();
        };
        await whole.promise;
        clearTimeout(timer);
        wanted = undefined;
      }
      return begin();
    },
    async show(bytes) {
      void sink.write(bytes);
      await sink.flush();
    },
  };

  function begin(): () => void {
    const gate = (held ??= deferred<void>());
    return () => {
      held = undefined;
      gate.resolve();
    };
  }
}
