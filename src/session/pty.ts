import { closeSync, writeSync } from 'node:fs';
import { systemCode } from '../base/errors.ts';
import { deferred } from './deferred.ts';
import type { Exit } from './exit.ts';
import { openInputQueue } from './input-queue.ts';
import { native, type WindowSize } from '../base/native.ts';
import { checkDirectory, checkExecutable, type Launch } from './program.ts';
import { ptyBinding } from './pty-binding.ts';
import { openSource, type TakeOutput } from './source.ts';

export type PtyOptions = {
  readonly launch: Launch;
  /** All of it; nothing is added, changed or left out. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly size: WindowSize;
  readonly onOutput: TakeOutput;
};

/** A program in a pseudo-terminal of its own, in its own session. */
export type Pty = {
  readonly pid: number;
  /** Resolves when the program has ended; some of its output may not have been taken yet. */
  readonly exited: Promise<Exit>;
  /** Resolves when the program has ended and all its output has been taken. Rejects with what `onOutput` threw. */
  readonly done: Promise<Exit>;
  /**
   * Types `bytes`, which the PTY keeps. False: the program does not read, and much waits; type no more before `onDrain`. A
   * key that sends a signal does so at once, and drops what waits before it, as it does in a terminal.
   */
  readonly write: (bytes: Uint8Array) => boolean;
  readonly onDrain: (listener: () => void) => void;
  readonly resize: (size: WindowSize) => void;
  /** Sets the modes of the inner terminal, whatever the program has set. */
  readonly setModes: (modes: Uint8Array) => void;
  /** Sends a signal to the program alone; nothing once it has ended. */
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Sends a signal to the job in the foreground, as the terminal does for Ctrl-C; nothing once the program has ended. */
  readonly interrupt: (signal: NodeJS.Signals) => void;
  /**
   * What closing its terminal does to the program and the job in the foreground: each hears SIGHUP once (bash that hears
   * it twice may end before it tells its jobs), and the program wakes up to notice.
   */
  readonly hangUp: () => void;
};

/** Used where the outer terminal has no size (a serial line, some CI). */
const DEFAULT_SIZE: WindowSize = { columns: 80, rows: 24 };

/**
 * Starts a program in a new PTY. Throws NOT_FOUND or NOT_EXECUTABLE before anything is started.
 *
 * We hold the inner end open ourselves until the program has ended. So there is no end of file to
 * misread before that (libuv takes a partial read with a hang-up for one, libuv/libuv#4992), and a
 * program that closes its terminal and opens it again is heard. After the end we read by hand.
 */
export function openPty(options: PtyOptions): Pty {
  const { launch } = options;
  checkExecutable(launch.file);
  checkDirectory(options.cwd);
  const { binding, helper } = ptyBinding();
  let running = true;
  const ended = deferred<Exit>();

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
      ended.resolve({ code, signal });
    },
  );
  // Whoever has the master can read what is not redacted yet: no later child may inherit it.
  native().setCloseOnExec(fd);
  const inner = native().openPeer(fd);
  const source = openSource(fd, 'terminal', options.onOutput, () => {
    kill('SIGKILL');
  });
  const input = openInputQueue((bytes) => (source.isOpen() ? writeSync(fd, bytes) : bytes.length));

  async function finish(): Promise<Exit> {
    const exit = await ended.promise;
    input.close();
    await source.drain(() => {
      closeSync(inner);
    });
    return exit;
  }

  function kill(signal: NodeJS.Signals): void {
    if (running) sendSignal(pid, signal);
  }

  return {
    pid,
    exited: ended.promise,
    done: finish(),
    write(bytes) {
      const at = input.isEmpty() || !source.isOpen() ? -1 : lastSignalKey(bytes, inner);
      if (at === -1) return input.write(bytes);
      input.clear();
      native().discardTyped(fd, inner);
      return input.write(bytes.subarray(at));
    },
    onDrain: (listener) => {
      input.onDrain(listener);
    },
    resize(wanted) {
      if (!running || !source.isOpen()) return;
      const { columns, rows } = usable(wanted);
      binding.resize(fd, columns, rows);
    },
    setModes(modes) {
      if (running) native().setTerminal(inner, modes);
    },
    kill,
    interrupt(signal) {
      if (!running || !source.isOpen()) return;
      const group = foreground();
      sendSignal(group > 1 ? -group : pid, signal);
    },
    hangUp() {
      if (!running) return;
      const group = source.isOpen() ? foreground() : 0;
      if (group > 1) sendSignal(-group, 'SIGHUP');
      // It leads a group of its own, which may be that one.
      if (group !== pid) kill('SIGHUP');
      kill('SIGCONT');
    },
  };

  function foreground(): number {
    return native().foregroundGroup(fd);
  }
}

/** Gives the offset of the last key in `bytes` that sends a signal; -1 when there is none. */
function lastSignalKey(bytes: Uint8Array, terminal: number): number {
  const keys = native().signalKeys(terminal);
  return bytes.findLastIndex((byte) => keys.includes(byte));
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
