import { systemCode } from '../base/errors.ts';

/** Bytes on their way to a program that may not read for a while. */
export type InputQueue = {
  /** False: much waits; the source should rest until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** Called when nothing waits any more. */
  onDrain(listener: () => void): void;
  /** Nothing waits. */
  isEmpty(): boolean;
  /** Drops what waits. */
  clear(): void;
  /** Drops what waits, and takes no more. */
  close(): void;
};

/** More than anybody pastes: up to here what is typed is read while the program does not, so that Ctrl-C behind it is seen. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

// A PTY cannot be polled from Node: the pause between two tries grows, so that a program that never
// reads costs nothing to speak of, and one that reads gets its next bytes soon.
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 5;

/** Gives a queue before `writeSome`, which writes to a non-blocking descriptor and gives how much it took. */
export function openInputQueue(writeSome: (bytes: Uint8Array) => number): InputQueue {
  const waiting: Uint8Array[] = [];
  let listener: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let waitingBytes = 0;
  let closed = false;

  function flush(retryMs: number): void {
    for (let bytes = waiting[0]; bytes !== undefined; bytes = waiting[0]) {
      const done = attempt(bytes);
      waitingBytes -= done;
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
      waitingBytes += bytes.length;
      if (timer === undefined) flush(FIRST_RETRY_MS);
      return waitingBytes < MAX_WAITING_BYTES;
    },
    onDrain(called) {
      listener = called;
    },
    isEmpty: () => timer === undefined,
    clear,
    close() {
      closed = true;
      clear();
    },
  };

  function clear(): void {
    clearTimeout(timer);
    timer = undefined;
    waiting.length = 0;
    waitingBytes = 0;
  }
}
