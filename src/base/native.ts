import { createRequire } from 'node:module';
import { systemCode, VaultShellError } from './errors.ts';

export type WindowSize = { readonly columns: number; readonly rows: number };
export type Credentials = { readonly pid: number; readonly uid: number; readonly gid: number };

/** The system calls Node lacks. Each throws an Error whose `code` is the errno name. */
export type Native = {
  /** A real pipe, both ends close-on-exec: Node's own 'pipe' is a socket pair, which nobody can open as /dev/stderr. */
  readonly pipe: () => [readEnd: number, writeEnd: number];
  /** The modes of a terminal (the bytes of its termios). */
  readonly getTerminal: (fd: number) => Buffer;
  /** Raw for input and output; Node's setRawMode leaves the output processing on. */
  readonly setRaw: (fd: number) => void;
  readonly setTerminal: (fd: number, modes: Uint8Array) => void;
  readonly setCloseOnExec: (fd: number) => void;
  /** No core file of this process; on Linux no tracing of it by other processes of the user either. */
  readonly disableCoreDumps: () => void;
  /**
   * Who connected to the other end of a Unix socket. Throws when that process is gone (Linux 6.5 and later can
   * tell), or is none of this pid namespace.
   */
  readonly peerCredentials: (fd: number) => Credentials;
  /** Puts another program in the place of this one, in the same process and with its environment. Throws when it cannot. */
  readonly become: (file: string, argv: readonly string[]) => never;
  /** The parent of a process, 0 for one that has none here. Throws ESRCH when there is no such process. */
  readonly parentOf: (pid: number) => number;
  /** Whether descendants that lose their parent become our children, instead of init's. Linux only. */
  readonly setSubreaper: (on: boolean) => void;
  /**
   * Reaps one child that has ended: its pid and status, as `waitpid` gives them. Undefined when none has ended; pid 0
   * when one of `spared` is to be reaped first, by whoever started it.
   */
  readonly reapAdopted: (
    spared: Int32Array,
  ) => { readonly pid: number; readonly status: number } | undefined;
  readonly windowSize: (fd: number) => WindowSize;
  /** Opens the slave of a PTY master; the caller closes it. */
  readonly openPeer: (master: number) => number;
  /** The keys of a terminal that send a signal and drop what was typed before them: Ctrl-C, Ctrl-\ and Ctrl-Z, as it is set. */
  readonly signalKeys: (fd: number) => Buffer;
  /** Drops all that was typed and not read, given both ends of a PTY. */
  readonly discardTyped: (master: number, peer: number) => void;
  /** Whether the program in an open file is run with more capabilities than we have. */
  readonly gainsCapabilities: (fd: number) => boolean;
  /** The process group in the foreground of a terminal. */
  readonly foregroundGroup: (fd: number) => number;
  /** The process group of this process. */
  readonly ownGroup: () => number;
  /**
   * Reads once from a descriptor that never waits; gives how many bytes came, 0 also at the end and for any failure: the
   * next ordinary read tells.
   */
  readonly readNow: (fd: number, bytes: Uint8Array) => number;
  /**
   * Gives the offset of the first byte, from `from` on, of a text for terminals that may change a mode: an ESC that does
   * not begin one of the most frequent sequences (they set colours, move the cursor and erase), SO or SI. The
   * length if there is none.
   */
  readonly findMode: (bytes: Uint8Array, from: number) => number;
  /**
   * Writes `bytes` from an offset on to a descriptor that never waits, and gives how many it took. Blocks at most so
   * long for a reader that is behind.
   */
  readonly writeWithin: (fd: number, bytes: Uint8Array, from: number, patienceMs: number) => number;
};

/** Every name of `Native`; an addon built from other sources may lack some. */
const FUNCTIONS: Record<keyof Native, true> = {
  pipe: true,
  getTerminal: true,
  setRaw: true,
  setTerminal: true,
  setCloseOnExec: true,
  disableCoreDumps: true,
  peerCredentials: true,
  become: true,
  parentOf: true,
  setSubreaper: true,
  reapAdopted: true,
  windowSize: true,
  openPeer: true,
  signalKeys: true,
  discardTyped: true,
  gainsCapabilities: true,
  foregroundGroup: true,
  ownGroup: true,
  readNow: true,
  findMode: true,
  writeWithin: true,
};
const HINT = 'build it with npm run build';

let loaded: Native | undefined;

/** Gives the native addon; throws HOOK_MISSING when it has not been built for this machine. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  // The same step up from dist/src/base in the repository and in an installed package.
  const path = '../../shell/vault-native.node';
  let addon: unknown;
  try {
    addon = createRequire(import.meta.url)(path);
  } catch (error) {
    throw new VaultShellError(
      'HOOK_MISSING',
      `cannot load the native addon: ${systemCode(error) ?? 'unknown error'}`,
      { hint: HINT, cause: error },
    );
  }
  if (isNative(addon)) return addon;
  throw new VaultShellError('HOOK_MISSING', 'the native addon is of another version', {
    hint: HINT,
  });
}

function isNative(addon: unknown): addon is Native {
  return (
    typeof addon === 'object' &&
    addon !== null &&
    Object.keys(FUNCTIONS).every((name) => typeof Reflect.get(addon, name) === 'function')
  );
}
