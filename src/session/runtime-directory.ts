import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { DIRECTORY_MODE, FILE_MODE, type Environment } from '../base/paths.ts';

/** The private directory of one session: its socket, its watch file. */
export type RuntimeDirectory = {
  readonly path: string;
  /** The session's first process is hooked: those that come after it need not say hello. */
  markStarted(): void;
  /** Removes the directory and what is in it. May be called twice. */
  remove(): void;
};

export type RuntimeDirectoryOptions = {
  readonly environment: Environment;
  /** os.tmpdir(). */
  readonly temporary: string;
};

const NAME = /^vault-shell-([0-9]+)-[0-9a-f]+$/;
const RANDOM_BYTES = 6;
const SOCKET = 'broker';
const OWNER = 'owner';
const STARTING = 'starting';
/** sun_path holds 108 bytes on Linux and 104 on macOS, the NUL included. */
const MAX_SOCKET_PATH_BYTES = process.platform === 'darwin' ? 103 : 107;
/** LD_PRELOAD and PATH cannot name a path with these. */
const SEPARATORS = /[\s:]/;

/**
 * Makes the directory, in XDG_RUNTIME_DIR if that is private, else in a temporary directory; sweeps what sessions
 * that were killed left there. It goes when `remove` is called, at the latest when the process exits.
 */
export function makeRuntimeDirectory(options: RuntimeDirectoryOptions): RuntimeDirectory {
  const { environment, temporary } = options;
  const parent = [environment['XDG_RUNTIME_DIR'], temporary, '/tmp'].find(
    (candidate, index) =>
      candidate !== undefined && isUsable(candidate) && (index > 0 || isPrivate(candidate)),
  );
  if (parent === undefined) {
    throw new VaultShellError('BROKER', `no usable directory for the session's socket`, {
      hint: 'point TMPDIR at a directory with a short path without blanks',
    });
  }
  sweep(parent);
  const directory = path.join(parent, newName());
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
    // Whatever the umask took away.
    chmodSync(directory, DIRECTORY_MODE);
    writeFileSync(path.join(directory, OWNER), `${pidNamespace()}\n`, { mode: FILE_MODE });
    writeFileSync(path.join(directory, STARTING), '', { mode: FILE_MODE });
  } catch (error) {
    const reason = systemCode(error) ?? 'unknown error';
    throw new VaultShellError('BROKER', `cannot make ${directory}: ${reason}`, { cause: error });
  }
  function remove(): void {
    process.off('exit', remove);
    rmSync(directory, { recursive: true, force: true });
  }
  process.on('exit', remove);
  return {
    path: directory,
    markStarted: () => rmSync(path.join(directory, STARTING), { force: true }),
    remove,
  };
}

/**
 * Gives a path of the preload library that the loader can read: a blank or a colon would split it, so then
 * it is linked into the session's directory.
 */
export function preloadPath(hook: string, directory: string): string {
  if (!SEPARATORS.test(hook)) return hook;
  const link = path.join(directory, path.basename(hook));
  // A link and not a copy: the directory may be on a file system from which nothing can be run.
  symlinkSync(hook, link);
  return link;
}

/** Makes a directory in the session's own with these commands in it, for the end of PATH. */
export function makeBinDirectory(commands: readonly string[], directory: string): string {
  const bin = path.join(directory, 'bin');
  mkdirSync(bin, { mode: DIRECTORY_MODE });
  for (const file of commands) symlinkSync(file, path.join(bin, path.basename(file)));
  return bin;
}

function newName(): string {
  return `vault-shell-${process.pid}-${randomBytes(RANDOM_BYTES).toString('hex')}`;
}

function isUsable(parent: string): boolean {
  const socket = path.join(parent, newName(), SOCKET);
  return (
    path.isAbsolute(parent) &&
    !SEPARATORS.test(parent) &&
    Buffer.byteLength(socket) <= MAX_SOCKET_PATH_BYTES &&
    lstatSync(parent, { throwIfNoEntry: false }) !== undefined
  );
}

function isPrivate(directory: string): boolean {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  return (
    stats !== undefined &&
    stats.isDirectory() &&
    stats.uid === process.getuid?.() &&
    (stats.mode & 0o777) === DIRECTORY_MODE
  );
}

/** Removes the directories of dead sessions of this user. What it cannot judge, it leaves. */
function sweep(parent: string): void {
  const own = pidNamespace();
  for (const name of listNames(parent)) {
    const pid = NAME.exec(name)?.[1];
    const directory = path.join(parent, name);
    if (pid === undefined || !isPrivate(directory)) continue;
    try {
      // A pid of another container means nothing here; it may live.
      if (readFileSync(path.join(directory, OWNER), 'utf8').trim() !== own) continue;
      if (!isAlive(Number(pid))) rmSync(directory, { recursive: true, force: true });
    } catch {
      // Its session is removing it, or is just making it.
    }
  }
}

function listNames(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/** Names the pid namespace of this process. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return process.platform;
  }
}
