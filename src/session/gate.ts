import { VaultShellError } from '../base/errors.ts';
import type { Filter } from './filter.ts';

/** Far more than a program takes from its exec to its constructors, even on a loaded machine. */
const HELLO_TIMEOUT_MS = 10_000;

/**
 * The start-up handshake: nothing of a program reaches the reader before its hook said hello to the broker.
 * The loader only warns when it cannot load a library, and runs the program without it.
 */
export interface Gate {
  /** The hook of this process is there. Gives whether it may go on. */
  hello(pid: number): boolean;
  heard(pid: number): boolean;
  /**
   * From now on nothing passes, until the hook of this process says hello. `onHello` is called then, while
   * the process waits for the answer.
   */
  expect(pid: number, onHello: () => void): void;
  /** A filter that throws HOOK_SILENT for output before that. */
  guard(filter: Filter): Filter;
  /** Something else says that nothing may pass any more: the program is ended, and `check` throws `error`. */
  fail(error: unknown): void;
  /** Throws what `fail` was given, or HOOK_SILENT when the expected hello never came. */
  check(): void;
  /** Aborts when no hello comes in time, or output comes before it. */
  readonly stop: AbortSignal;
}

export function openGate(): Gate {
  const heard = new Set<number>();
  const stop = new AbortController();
  let awaited: number | undefined;
  let greet: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly error: unknown } | undefined;

  function check(): void {
    if (failure !== undefined) throw failure.error;
    if (awaited === undefined || heard.has(awaited)) return;
    throw new VaultShellError('HOOK_SILENT', 'the hook was not loaded into the program', {
      hint: 'vault-shell doctor shows what can be hooked on this machine',
    });
  }

  return {
    hello(pid) {
      heard.add(pid);
      if (pid !== awaited) return true;
      clearTimeout(timer);
      // Once: the same process says hello again after every exec.
      greet?.();
      greet = undefined;
      return true;
    },
    heard: (pid) => heard.has(pid),
    expect(pid, onHello) {
      awaited = pid;
      greet = onHello;
      timer = setTimeout(() => stop.abort(), HELLO_TIMEOUT_MS);
      timer.unref();
    },
    guard: (filter) => ({
      write(chunk) {
        try {
          check();
        } catch (error) {
          stop.abort();
          throw error;
        }
        return filter.write(chunk);
      },
      release: () => filter.release(),
      end: () => filter.end(),
    }),
    fail(error) {
      failure ??= { error };
      stop.abort();
    },
    check() {
      clearTimeout(timer);
      check();
    },
    stop: stop.signal,
  };
}
