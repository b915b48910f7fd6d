import { readSync } from 'node:fs';
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { systemCode } from '../base/errors.ts';
import { native } from '../base/native.ts';

/**
 * Takes output. `chunk` is the taker's only during the call or, when a promise is given back, until that
 * resolves; nothing is read meanwhile. `more`: the next call follows at once, with what has come meanwhile or with nothing.
 */
export type TakeOutput = (chunk: Uint8Array, more: boolean) => Promise<void> | undefined;

/** The end of a PTY or pipe that we read. */
export type Source = {
  /** Resolves at the end of file, or when the source was closed. Rejects with what `take` threw. */
  readonly ended: Promise<void>;
  /**
   * Reads what is left when the program has ended, to the end of file or, when others hold the other end
   * open, as long as LINGER_MS says; then closes. Rejects with what `take` threw.
   */
  drain(beforeLast?: () => void): Promise<void>;
  /** Reads no more; who writes on gets SIGPIPE or SIGHUP. */
  close(): void;
  isOpen(): boolean;
};

const READ_BYTES = 64 * 1024;
/**
 * A PTY gives 4095 bytes at a time at most. Its writer is woken when less than 129 of them are left, and may have written
 * 8 KiB more by then: so of three reads in a row two leave a few bytes, and the writer writes its 8 KiB at once.
 */
const PART_BYTES = 3840;
const READS_A_WAKE = 3;
/** So much is taken before the event loop has its turn. */
const BURST_BYTES = 60 * 1024;
/**
 * How long the last output is waited for when the program has ended and others still hold its terminal or
 * pipe: for `cmd > >(cat)`, whose cat is a moment late, but not for a server in the background.
 */
const LINGER_MS = 100;
const LINGER_STEP_MS = 5;
/** More than a PTY or pipe buffers: what comes beyond it after the end was written after the end. */
const TAIL_BYTES = 256 * 1024;

/**
 * Reads `fd`, which the source owns from now on, for `take`. `onFailure` is called when `take` throws: the
 * output cannot be taken, so the program must not go on.
 */
export function openSource(
  fd: number,
  kind: 'terminal' | 'pipe',
  take: TakeOutput,
  onFailure: () => void,
): Source {
  let taken: Promise<void> | undefined;
  let failure: { error: unknown } | undefined;
  let draining = false;

  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const part = buffer.subarray(0, PART_BYTES);
  const onread: OnReadOpts = {
    buffer,
    callback(length) {
      try {
        const later = takeBurst(length);
        if (later === undefined) return !draining;
        taken = later.then(resume, fail);
      } catch (error) {
        fail(error);
      }
      return false;
    },
  };
  // `onread` is an option of every net.Socket; its types have it for connections only.
  const settings: SocketConstructorOpts & { onread: OnReadOpts } = { onread };
  const stream =
    kind === 'terminal'
      ? new ReadStream(fd, settings)
      : new Socket({ ...settings, fd, readable: true, writable: false });
  stream.on('error', fail);

  const ended = new Promise<void>((resolve, reject) => {
    function settle(): void {
      if (failure === undefined) resolve();
      else reject(failure.error);
    }
    stream.on('end', settle);
    stream.on('close', settle);
  });
  // Awaited late, or never.
  ended.catch(() => undefined);
  stream.resume();

  /**
   * Takes the first bytes of the buffer, and what has come meanwhile. Page by page, because while one is taken the kernel
   * fills the next: who reads on at once has to wait for that.
   */
  function takeBurst(first: number): Promise<void> | undefined {
    let length = first;
    let total = first;
    for (let reads = 1; length >= PART_BYTES && total < BURST_BYTES; reads++) {
      const later = take(buffer.subarray(0, length), true);
      if (later !== undefined) return later;
      length = native().readNow(fd, reads % READS_A_WAKE === 0 ? buffer : part);
      total += length;
    }
    return take(buffer.subarray(0, length), false);
  }

  function resume(): void {
    if (!draining && !stream.destroyed) stream.resume();
  }

  function fail(error: unknown): void {
    if (failure !== undefined) return;
    failure = { error };
    onFailure();
    if (!draining) stream.destroy();
  }

  return {
    ended,
    async drain(beforeLast) {
      draining = true;
      stream.pause();
      await taken;
      beforeLast?.();
      try {
        if (failure !== undefined) throw failure.error;
        if (!stream.destroyed) await takeRest(fd, take);
      } finally {
        stream.destroy();
      }
    },
    close() {
      stream.destroy();
    },
    isOpen: () => !stream.destroyed,
  };
}

async function takeRest(fd: number, take: TakeOutput): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const deadline = Date.now() + LINGER_MS;
  let total = 0;
  for (;;) {
    const length = readSome(fd, buffer);
    if (length === 'end') return;
    if (length > 0) {
      total += length;
      await take(buffer.subarray(0, length), false);
    }
    if ((length === 0 || total > TAIL_BYTES) && Date.now() >= deadline) return;
    if (length === 0) await delay(LINGER_STEP_MS);
  }
}

/** Gives the number of bytes read, 0 when there is nothing now. */
function readSome(fd: number, buffer: Uint8Array): number | 'end' {
  try {
    const length = readSync(fd, buffer);
    return length === 0 ? 'end' : length;
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return 0;
    // A PTY whose other end nobody holds any more.
    if (systemCode(error) === 'EIO') return 'end';
    throw error;
  }
}
