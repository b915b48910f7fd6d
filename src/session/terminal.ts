import { VaultShellError } from '../base/errors.ts';
import { native, type WindowSize } from '../base/native.ts';
import { onSignals } from './signals.ts';

/** The terminal we were started in, in raw mode until `restore`. */
export type OuterTerminal = {
  /** Its modes as they were found. */
  readonly modes: Uint8Array;
  size(): WindowSize;
  /** Calls `listener` when the size changes, or may have changed while we were stopped. */
  onResize(listener: () => void): void;
  /** Gives the terminal back as it was found. May be called twice. */
  restore(): void;
};

/** A signal that continues us may come right behind the one that stops us, and then we must not stop. */
const STOP_MS = 10;

/**
 * Takes the terminal at `fd` over: raw, for input and output, since the inner terminal does all the
 * processing. It is restored on `restore`, when the process exits in whatever way runs JavaScript, and while
 * the process is stopped. Throws TERMINAL when it is no terminal.
 */
export function takeTerminal(fd: number): OuterTerminal {
  const { getTerminal, setRaw, setTerminal, windowSize } = native();
  let modes: Uint8Array;
  try {
    modes = getTerminal(fd);
    setRaw(fd);
  } catch (error) {
    throw new VaultShellError('TERMINAL', 'cannot set up the terminal', { cause: error });
  }
  let listener: (() => void) | undefined;
  let taken = true;
  let stopping: NodeJS.Timeout | undefined;

  function giveBack(): void {
    // In the background, the terminal's modes are somebody else's.
    if (isElsewhere(fd)) return;
    try {
      setTerminal(fd, modes);
    } catch {
      // It was hung up: there is nothing to restore.
    }
  }

  const removeSignals = onSignals({
    SIGWINCH: () => {
      listener?.();
    },
    SIGTSTP: () => {
      clearTimeout(stopping);
      stopping = setTimeout(() => {
        giveBack();
        process.kill(process.pid, 'SIGSTOP');
      }, STOP_MS);
    },
    SIGCONT: () => {
      clearTimeout(stopping);
      // Raw again, whoever stopped us. In the background this stops us with SIGTTOU, until we are back in front.
      try {
        setRaw(fd);
      } catch {
        return;
      }
      listener?.();
    },
  });

  function restore(): void {
    if (!taken) return;
    taken = false;
    clearTimeout(stopping);
    removeSignals();
    process.off('exit', restore);
    giveBack();
  }
  process.on('exit', restore);

  return {
    modes,
    size: () => windowSize(fd),
    onResize(called) {
      listener = called;
    },
    restore,
  };
}

/** Whether another job than ours is in front of the terminal. */
export function isElsewhere(fd: number): boolean {
  try {
    return native().foregroundGroup(fd) !== native().ownGroup();
  } catch {
    // Not our controlling terminal, so no other job of ours has it either.
    return false;
  }
}
