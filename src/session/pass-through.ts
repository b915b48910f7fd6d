import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
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
/** Scripts run by scripts: the kernel gives up after five. */
const MAX_INTERPRETERS = 5;
/** As the kernel's own limit on a chain of symbolic links. */
const MAX_LINKS = 40;

/**
 * Whether this program gets placeholders as text: by its own name, by that of a file it is a link to, or because the
 * interpreter that its `#!` names gets them so; `node main.js` is vault-shell. A file that is neither a program nor has a
 * `#!` is a shell's. The hook decides alike.
 */
export function isPassThrough(file: string, args: readonly string[]): boolean {
  // One file that is many programs, named by its first argument.
  if (MANY_IN_ONE.includes(path.basename(file))) return isNamed(args[0] ?? '');
  const script = args.find((word) => !word.startsWith('-'));
  if (script !== undefined && isSameFile(path.resolve(script), MAIN)) return true;
  return passesOn(file, MAX_INTERPRETERS);
}

function passesOn(file: string, interpreters: number): boolean {
  if (leadsToNamed(file)) return true;
  let start: string;
  try {
    start = readStart(file);
  } catch {
    // It is there and can be run, or we would not be here; it only cannot be read.
    return false;
  }
  if (start.startsWith('\x7fELF')) return false;
  if (!start.startsWith('#!')) return true;
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(start)?.[1];
  if (interpreter === undefined || interpreters === 0) return true;
  return passesOn(interpreter, interpreters - 1);
}

/** Whether the path, or what it links to in the end or on the way, has the name of such a program. */
function leadsToNamed(file: string): boolean {
  let at = file;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    if (isNamed(at)) return true;
    try {
      const target = readlinkSync(at);
      at = path.isAbsolute(target) ? target : `${path.dirname(at)}/${target}`;
    } catch {
      return false; // it is no link
    }
  }
  return false;
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
