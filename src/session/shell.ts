import path from 'node:path';
import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { isFrontEnd } from './front-end.ts';
import { checkExecutable, findProgram, isSameFile } from './program.ts';

export type ShellOptions = {
  /** `--shell`. */
  readonly option?: string | undefined;
  /** The name vault-shell was called by, where an agent wants one: a link to it called `bash` or `vault-bash`. */
  readonly calledAs?: string | undefined;
  readonly environment: Environment;
  readonly cwd: string;
  /** The file of vault-shell itself. Neither it nor the front end is ever taken for a shell. */
  readonly self: string;
};

const FALLBACK = '/bin/sh';
const SHELL_NAME = /^-?(?:vault-)?(bash|zsh|ksh|fish|dash|ash|sh)$/;

/**
 * Gives the absolute path of the real shell: `--shell`, else the one of the name vault-shell was called by, else
 * $SHELL, else /bin/sh. Throws NOT_FOUND or NOT_EXECUTABLE for a shell that was asked for, and USAGE when
 * that is vault-shell itself. The front end's own choice (shell/front/shell.c) is the same.
 */
export function chooseShell(options: ShellOptions): string {
  const { option, environment, cwd, self } = options;
  if (option !== undefined) {
    const file = findProgram(option, environment['PATH'], cwd);
    if (isOurs(file, self)) {
      throw new VaultShellError('USAGE', 'vault-shell cannot be its own shell', {
        hint: 'name a real one with --shell PATH',
      });
    }
    return file;
  }
  const called = nameOfShell(options.calledAs);
  if (called !== undefined) {
    const named = shellNamed(called, options);
    if (named === undefined) throw new VaultShellError('NOT_FOUND', `command not found: ${called}`);
    return named;
  }
  const given = environment['SHELL'] ?? '';
  if (isShell(given, self)) return given;
  // A name of our own stands for a real shell.
  const own = isOurs(given, self) ? nameOfShell(path.basename(given)) : undefined;
  return (own === undefined ? undefined : shellNamed(own, options)) ?? FALLBACK;
}

/** Gives the shell that a name of vault-shell stands for: `bash` for `vault-bash`, or for `-bash`, a login shell. */
export function nameOfShell(calledAs = ''): string | undefined {
  return SHELL_NAME.exec(calledAs)?.[1];
}

/** Gives the first shell of that name in PATH which is not vault-shell. */
function shellNamed(name: string, options: ShellOptions): string | undefined {
  const directories = (options.environment['PATH'] ?? '').split(':').concat('/bin', '/usr/bin');
  return directories
    .map((directory) => path.join(directory, name))
    .find((file) => isShell(file, options.self));
}

function isShell(file: string, self: string): boolean {
  if (!path.isAbsolute(file) || isOurs(file, self)) return false;
  try {
    checkExecutable(file);
    return true;
  } catch {
    return false;
  }
}

function isOurs(file: string, self: string): boolean {
  return isSameFile(file, self) || isFrontEnd(file);
}
