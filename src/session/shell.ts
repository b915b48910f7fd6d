import path from 'node:path';
import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { checkExecutable, findProgram, isSameFile } from './program.ts';

export type ShellOptions = {
  /** `--shell`. */
  readonly option?: string | undefined;
  /** The name vault-shell was called by, where an agent wants one: a link to it called `bash` or `vault-bash`. */
  readonly calledAs?: string | undefined;
  readonly environment: Environment;
  readonly cwd: string;
  /** The file of vault-shell itself, which is never taken for a shell. */
  readonly self: string;
};

const FALLBACK = '/bin/sh';
const SHELL_NAME = /^(?:vault-)?(bash|zsh|ksh|fish|dash|ash|sh)$/;

/**
 * Gives the absolute path of the real shell: `--shell`, else the one of the name vault-shell was called by, else
 * $SHELL, else /bin/sh. Throws NOT_FOUND or NOT_EXECUTABLE for a shell that was asked for, and USAGE when
 * that is vault-shell itself.
 */
export function chooseShell(options: ShellOptions): string {
  const { option, environment, cwd, self } = options;
  if (option !== undefined) {
    const file = findProgram(option, environment['PATH'], cwd);
    if (isSameFile(file, self)) {
      throw new VaultShellError('USAGE', 'vault-shell cannot be its own shell', {
        hint: 'name a real one with --shell PATH',
      });
    }
    return file;
  }
  const named = shellNamed(options);
  if (named !== undefined) return named;
  const given = environment['SHELL'];
  return given !== undefined && isShell(given, self) ? given : FALLBACK;
}

/** Gives the first shell of that name in PATH which is not a link to vault-shell. */
function shellNamed(options: ShellOptions): string | undefined {
  const name = SHELL_NAME.exec(options.calledAs ?? '')?.[1];
  if (name === undefined) return undefined;
  const directories = (options.environment['PATH'] ?? '').split(':').concat('/bin', '/usr/bin');
  return directories
    .map((directory) => path.join(directory, name))
    .find((file) => isShell(file, options.self));
}

function isShell(file: string, self: string): boolean {
  if (!path.isAbsolute(file) || isSameFile(file, self)) return false;
  try {
    checkExecutable(file);
    return true;
  } catch {
    return false;
  }
}
