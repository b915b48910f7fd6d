import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The shells that the front end (shell/front) stands for, as `vault-bash` and so on. */
const SHELLS = ['bash', 'zsh', 'sh'];
/** Stands in every copy of the front end (shell/front/place.c). */
const MARK = '@(#)vault-shell front end';
/** Several times its size: what is larger is none of its copies. */
const MAX_BYTES = 1024 * 1024;

/** Gives the path of the front end by its name: `vault-shell`, `vault-bash`... */
export function frontEnd(name: string): string {
  return fileURLToPath(new URL(`../../shell/${name}`, import.meta.url));
}

/** Gives the path of the front end under each of its names. */
export function frontEnds(): readonly string[] {
  return ['vault-shell', ...SHELLS.map((shell) => `vault-${shell}`)]
    .map(frontEnd)
    .filter(existsSync);
}

/** Gives the front end that stands for a shell, by the shell's name; undefined where there is none. */
export function frontEndFor(shell: string): string | undefined {
  const name = path.basename(shell).replace(/^vault-/, '');
  const file = frontEnd(`vault-${name}`);
  return SHELLS.includes(name) && existsSync(file) ? file : undefined;
}

/** Whether a file is the front end, by any link or a copy of it. */
export function isFrontEnd(file: string): boolean {
  try {
    const stats = statSync(file);
    return stats.isFile() && stats.size <= MAX_BYTES && readFileSync(file).includes(MARK);
  } catch {
    return false;
  }
}
