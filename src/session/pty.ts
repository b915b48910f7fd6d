import { closeSync, readSync, writeSync } from 'node:fs';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { systemCode } from '../base/errors.ts';
import type { Exit } from './exit.ts';
import { openInputQueue } from './input-queue.ts';
import { checkDirectory, checkExecutable } from './program.ts';
import type { Launch } from './program.ts';
import { native, type WindowSize } from './native.ts';
import { ptyBinding } from './pty-binding.ts';

export type PtyOptions = {
  readonly launch: Launch;
  /** All of it; nothing is added, changed or left out. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly size: WindowSize;
  /**
   * Takes output. `chunk` is the caller's only during the call or, when a promise is given back, until that
   * resolves; nothing is read meanwhile.
   */
  readonly onOutput: (chunk: Uint8Array) => Promise<void> | undefined;
};

/** A program in a pseudo-terminal of its own, in its own session. */
export type Pty = {
  readonly pid: number;
  /** Resolves when the program has ended and all its output has been taken. Rejects with what `onOutput` threw. */
  readonly done: Promise<Exit>;
  /** Types `bytes`, which the PTY keeps. False: the program does not read; type no more before `onDrain`. */
  write(bytes: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  resize(size: WindowSize): void;
  /** Sets the modes of the inner terminal; for before the program looks at them. */
  setModes(modes: Uint8Array): void;
  /** Sends a signal to the program alone; nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
  /** Sends a signal to the job in the foreground, as the terminal does for Ctrl-C; nothing once the program has ended. */
  interrupt(signal: NodeJS.Signals): void;
};

const READ_BYTES = 64 * 1024;
/** Used where the outer terminal has no size (a serial line, some CI). */
const DEFAULT_SIZE: WindowSize = { columns: 80, rows: 24 };
/**
 * How long the last output is waited for when the program has ended and others still hold its terminal: for
 * `cmd > >(cat)`, whose cat is a moment late, but not for a server in the background.
 */
const LINGER_MS = 100;
const LINGER_STEP_MS = 5;
/** More than a PTY buffers: what comes beyond it after the end was written after the end. */
const TAIL_BYTES = 256 * 1024;

/**
 * Starts a program in a new PTY. Throws NOT_FOUND or NOT_EXECUTABLE before anything is started.
 *
 * We hold the inner end open ourselves until the program has ended. So there is no end of file to
 * misread before that (libuv takes a partial read with a hang-up for one, libuv/libuv#4992), and a
 * program that closes its terminal and opens it again is heard. After the end we read by hand.
 */
export function openPty(options: PtyOptions): Pty {
  const { launch, onOutput } = options;
  checkExecutable(launch.file);
  checkDirectory(options.cwd);
  const { binding, helper } = ptyBinding();
  let running = true;
  let onExit: (exit: Exit) => void = () => undefined;
  const ended = new Promise<Exit>((resolve) => {
    onExit = resolve;
  });

  const size = usable(options.size);
  const { fd, pid } = binding.fork(
    launch.file,
    launch.args,
    Object.entries(options.environment).map(([name, value]) => `${name}=${value}`),
    options.cwd,
    size.columns,
    size.rows,
    -1,
    -1,
    true,
    helper,
    (code, signal) => {
      running = false;
      onExit({ code, signal });
    },
  );
  // Whoever has the master can read what is not redacted yet: no later child may inherit it.
  native().setCloseOnExec(fd);
  const inner = native().openPeer(fd);
  const reader = readWhileRunning(fd, onOutput, () => {
    kill('SIGKILL');
  });
  const input = openInputQueue((bytes) => (reader.isOpen() ? writeSync(fd, bytes) : bytes.length));

  async function finish(): Promise<Exit> {
    const exit = await ended;
    input.close();
    try {
      await reader.stop();
      closeSync(inner);
      await drain(fd, onOutput);
    } finally {
      reader.close();
    }
    return exit;
  }

  function kill(signal: NodeJS.Signals): void {
    if (running) sendSignal(pid, signal);
  }

  return {
    pid,
    done: finish(),
    write: (bytes) => input.write(bytes),
    onDrain: (listener) => {
      input.onDrain(listener);
    },
    resize(wanted) {
      if (!running || !reader.isOpen()) return;
      const { columns, rows } = usable(wanted);
      binding.resize(fd, columns, rows);
    },
    setModes(modes) {
      if (running) native().setTerminal(inner, modes);
    },
    kill,
    interrupt(signal) {
      if (!running || !reader.isOpen()) return;
      const group = native().foregroundGroup(fd);
      sendSignal(group > 1 ? -group : pid, signal);
    },
  };
}

function usable(size: WindowSize): WindowSize {
  return size.columns > 0 && size.rows > 0 ? size : DEFAULT_SIZE;
}

function sendSignal(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // It ended this moment, or it runs as another user now (sudo): then it hears from its terminal.
    if (!['ESRCH', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
  }
}

type Reader = {
  /** Reads no more; resolves when the last chunk has been taken. Rejects with what `onOutput` threw. */
  stop(): Promise<void>;
  /** Closes the master. */
  close(): void;
  isOpen(): boolean;
};

/** Reads for `onOutput`. `onFailure`: the output cannot be taken, the program must not go on. */
function readWhileRunning(
  fd: number,
  onOutput: PtyOptions['onOutput'],
  onFailure: () => void,
): Reader {
  let taken: Promise<void> | undefined;
  let failure: { error: unknown } | undefined;
  let stopped = false;

  // `onread` is an option of every net.Socket; its types have it for connections only.
  const settings: SocketConstructorOpts & { onread: OnReadOpts } = {
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback(length, buffer) {
        try {
          const later = onOutput(buffer.subarray(0, length));
          if (later === undefined) return !stopped;
          taken = later.then(resume, fail);
        } catch (error) {
          fail(error);
        }
        return false;
      },
    },
  };
  const stream = new ReadStream(fd, settings);
  stream.on('error', fail);
  stream.on('end', () => {
    fail(new Error('the terminal was hung up'));
  });
  stream.resume();

  function resume(): void {
    if (!stopped) stream.resume();
  }

  function fail(error: unknown): void {
    failure ??= { error };
    onFailure();
  }

  return {
    async stop() {
      stopped = true;
      stream.pause();
      await taken;
      if (failure !== undefined) throw failure.error;
    },
    close() {
      stream.destroy();
    },
    isOpen: () => !stream.destroyed,
  };
}

/** Reads what is left after the program's end: to the end of file, or as long as LINGER_MS says. */
async function drain(fd: number, onOutput: PtyOptions['onOutput']): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const deadline = Date.now() + LINGER_MS;
  let total = 0;
  for (;;) {
    const length = readSome(fd, buffer);
    if (length === 'end') return;
    if (length > 0) {
      total += length;
      await onOutput(buffer.subarray(0, length));
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
    // Nobody holds the other end any more.
    if (systemCode(error) === 'EIO') return 'end';
    throw error;
  }
}
