import { closeSync, openSync, readSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSameFile } from './program.ts';

/**
 * Programs that never receive a value: shells, launchers that exec something else, and vault-shell, which is both. They
 * get the placeholder on. The same names stand in shell/hook/program.c; a test compares them.
 */
export const PASS_THROUGH: readonly string[] = [
  'sh',
  'bash',
  'dash',
  'zsh',
  'ksh',
  'ksh93',
  'mksh',
  'fish',
  'ash',
  'rbash',
  'env',
  'nohup',
  'nice',
  'ionice',
  'timeout',
  'stdbuf',
  'setsid',
  'time',
  'xargs',
  'vault-shell',
  'vault-bash',
  'vault-zsh',
  'vault-sh',
];
/** What `node` runs as vault-shell. */
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

const MANY_IN_ONE: readonly string[] = ['busybox', 'toybox'];

const START_BYTES = 256;

/**
 * Whether this program gets placeholders as text: by its own name, by the name of the file it is a link to,
 * or by the interpreter its `#!` names; `node main.js` is vault-shell. A file that is neither a program nor has a `#!` is a shell's.
 */
export function isPassThrough(file: string, args: readonly string[]): boolean {
  if (isNamed(file)) return true;
  // One file that is many programs, named by its first argument.
  if (MANY_IN_ONE.includes(path.basename(file))) return isNamed(args[0] ?? '');
  const script = args.find((word) => !word.startsWith('-'));
  if (script !== undefined && isSameFile(path.resolve(script), MAIN)) return true;
  let start: string;
  try {
    if (isNamed(realpathSync(file))) return true;
    start = readStart(file);
  } catch {
    // It is there and can be run, or we would not be here; it only cannot be read.
    return false;
  }
  if (start.startsWith('\x7fELF')) return false;
  if (!start.startsWith('#!')) return true;
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(start)?.[1];
  return interpreter !== undefined && isNamed(interpreter);
}

function isNamed(file: string): boolean {
  return PASS_THROUGH.includes(path.basename(file));
}

function readStart(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(START_BYTES);
    return bytes.toString('latin1', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
