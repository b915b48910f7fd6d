import { systemCode } from '../base/errors.ts';

/** Bytes on their way to a program that may not read for a while. */
export type InputQueue = {
  /** False: bytes wait; the source should rest until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  /** Drops what waits, and takes no more. */
  close(): void;
};

// A PTY cannot be polled from Node: the pause between two tries grows, so that a program that never
// reads costs nothing to speak of, and one that reads gets its next bytes soon.
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 5;

/** Gives a queue before `writeSome`, which writes to a non-blocking descriptor and gives how much it took. */
export function openInputQueue(writeSome: (bytes: Uint8Array) => number): InputQueue {
  const waiting: Uint8Array[] = [];
  let listener: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function flush(retryMs: number): void {
    for (let bytes = waiting[0]; bytes !== undefined; bytes = waiting[0]) {
      const done = attempt(bytes);
      if (done < bytes.length) {
        waiting[0] = bytes.subarray(done);
        const pause = done > 0 ? FIRST_RETRY_MS : retryMs;
        timer = setTimeout(() => {
          flush(Math.min(pause + 1, LAST_RETRY_MS));
        }, pause);
        return;
      }
      waiting.shift();
    }
    if (timer !== undefined) {
      timer = undefined;
      listener?.();
    }
  }

  function attempt(bytes: Uint8Array): number {
    let done = 0;
    try {
      while (done < bytes.length) done += writeSome(bytes.subarray(done));
    } catch (error) {
      const code = systemCode(error);
      // EIO: the terminal is gone, and its program with it. What was typed has no reader.
      if (code === 'EIO') return bytes.length;
      if (code !== 'EAGAIN') throw error;
    }
    return done;
  }

  return {
    write(bytes) {
      if (closed) return true;
      waiting.push(bytes);
      if (timer === undefined) flush(FIRST_RETRY_MS);
      return timer === undefined;
    },
    onDrain(called) {
      listener = called;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      timer = undefined;
      waiting.length = 0;
    },
  };
}
