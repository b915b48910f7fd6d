import { existsSync, lstatSync, mkdirSync, type Stats } from 'node:fs';
import path from 'node:path';
import { systemCode, VaultShellError } from './errors.ts';

export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Gives the vault's directory: the option, else VAULT_SHELL_DIR, else the XDG data directory. */
export function vaultDirectory(option: string | undefined, environment: Environment): string {
  // As from `--vault "$UNSET"`: the one vault that is not meant then is the default one.
  if (option === '') throw new VaultShellError('USAGE', '--vault needs a directory');
  if (option !== undefined) return path.resolve(option);
  const fromEnvironment = environment['VAULT_SHELL_DIR'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return path.resolve(fromEnvironment);
  const xdg = environment['XDG_DATA_HOME'];
  // The XDG specification has relative paths ignored.
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, 'vault-shell');
  const home = environment['HOME'];
  if (home === undefined || !path.isAbsolute(home)) {
    throw new VaultShellError('USAGE', 'no directory for the vault: HOME is not set', {
      hint: 'name one with --vault DIR',
    });
  }
  return path.join(home, '.local', 'share', 'vault-shell');
}

/**
 * Makes a directory only its owner can enter, with its parents; the mode holds whatever the umask.
 * Gives the topmost directory that it made, or undefined when all were there.
 */
export function makePrivateDirectory(directory: string): string | undefined {
  if (existsSync(directory)) return undefined;
  // One by one: Node's `recursive` never returns where the system says ENOENT to every mkdir (/proc).
  const topmost = makePrivateDirectory(path.dirname(directory));
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
    return topmost ?? directory;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return topmost;
    throw new VaultShellError('VAULT_IO', `cannot make ${directory}: ${code ?? 'unknown error'}`, {
      cause: error,
    });
  }
}

/**
 * Refuses a directory or file that others can read or write, or that another user owns.
 * Returns undefined when nothing is there.
 */
export function checkPrivate(target: string, kind: 'directory' | 'file'): Stats | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(target);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new VaultShellError('VAULT_IO', `cannot read ${target}: ${code ?? 'unknown error'}`, {
      cause: error,
    });
  }
  if (kind === 'directory' ? !stats.isDirectory() : !stats.isFile()) {
    throw new VaultShellError('VAULT_UNSAFE', `${target} is not a ${kind}`, {
      hint: 'the vault must be a real directory with real files, not links',
    });
  }
  const self = process.getuid?.();
  if (self !== undefined && stats.uid !== self) {
    throw new VaultShellError('VAULT_UNSAFE', `${target} belongs to another user`, {
      hint: `chown it to yourself if it is yours`,
    });
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new VaultShellError('VAULT_UNSAFE', `${target} can be reached by other users`, {
      hint: `chmod ${kind === 'directory' ? '700' : '600'} ${target}`,
    });
  }
  return stats;
}
