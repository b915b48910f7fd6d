import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { escapeControls } from '../base/text.ts';

/** What is to be started: an executable file by its absolute path, and its arguments without argv[0]. */
export type Launch = { readonly file: string; readonly args: readonly string[] };

/**
 * Gives the absolute path of a program as a shell finds it: a name with a slash as it is, else the first
 * executable in `searchPath` (PATH). Throws NOT_FOUND, or NOT_EXECUTABLE when there is only a file nobody may run.
 */
export function findProgram(name: string, searchPath: string | undefined, cwd: string): string {
  if (name.includes('/')) {
    const file = path.resolve(cwd, name);
    checkExecutable(file, name);
    return file;
  }
  let found: string | undefined;
  for (const directory of name === '' ? [] : (searchPath ?? '').split(':')) {
    // An empty entry of PATH means the current directory.
    const file = path.resolve(cwd, directory, name);
    const state = stateOf(file);
    if (state === 'executable') return file;
    if (state === 'not executable') found ??= file;
  }
  if (found !== undefined) checkExecutable(found, name);
  throw notFound(name);
}

/** Throws NOT_FOUND or NOT_EXECUTABLE, so that it is known before a child is made. */
export function checkExecutable(file: string, name: string = file): void {
  const state = stateOf(file);
  if (state === 'missing') throw notFound(name);
  if (state === 'not executable') {
    throw new VaultShellError('NOT_EXECUTABLE', `cannot execute ${escapeControls(name)}`);
  }
}

/** Throws NOT_EXECUTABLE when nothing can run in this directory. */
export function checkDirectory(directory: string): void {
  try {
    accessSync(directory, constants.X_OK);
    if (statSync(directory).isDirectory()) return;
  } catch (error) {
    const reason = systemCode(error) ?? 'unknown error';
    throw new VaultShellError(
      'NOT_EXECUTABLE',
      `cannot enter ${escapeControls(directory)}: ${reason}`,
      { cause: error },
    );
  }
  throw new VaultShellError('NOT_EXECUTABLE', `${escapeControls(directory)} is not a directory`);
}

/** Whether two paths lead to one file. */
export function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

function notFound(name: string): VaultShellError {
  return new VaultShellError('NOT_FOUND', `command not found: ${escapeControls(name)}`);
}

/** What cannot be looked at, as in a directory of PATH that is closed to us, is missing: so do shells have it. */
function stateOf(file: string): 'executable' | 'not executable' | 'missing' {
  try {
    if (!statSync(file).isFile()) return 'not executable';
  } catch {
    return 'missing';
  }
  try {
    accessSync(file, constants.X_OK);
    return 'executable';
  } catch {
    return 'not executable';
  }
}
