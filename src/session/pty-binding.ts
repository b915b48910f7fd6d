import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { VaultShellError } from '../base/errors.ts';

/** What is used of node-pty's native binding. It is private there, so node-pty is pinned and checked. */
export type PtyBinding = {
  fork(
    file: string,
    args: readonly string[],
    environment: readonly string[],
    cwd: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helper: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number };
  resize(fd: number, columns: number, rows: number): void;
};

/** What the binding of the pinned version says when called without arguments. */
const USAGE = {
  fork: 'Usage: pty.fork(file, args, env, cwd, cols, rows, uid, gid, utf8, helperPath, onexit)',
  resize: 'Usage: pty.resize(fd, cols, rows)',
} as const;

let loaded: { binding: PtyBinding; helper: string } | undefined;

/** Gives the binding, and the path of the helper it needs on macOS. Throws TERMINAL when it is not the one we know. */
export function ptyBinding(): { binding: PtyBinding; helper: string } {
  loaded ??= load();
  return loaded;
}

function load(): { binding: PtyBinding; helper: string } {
  const require = createRequire(import.meta.url);
  let directory: string;
  let binding: unknown;
  try {
    directory = findDirectory(path.dirname(require.resolve('node-pty/package.json')));
    binding = require(path.join(directory, 'pty.node'));
  } catch (error) {
    throw new VaultShellError('TERMINAL', 'cannot load node-pty', {
      hint: 'install again, with install scripts allowed for node-pty',
      cause: error,
    });
  }
  if (!isKnown(binding)) {
    throw new VaultShellError(
      'TERMINAL',
      'this node-pty is not the version vault-shell was built for',
    );
  }
  return { binding, helper: path.join(directory, 'spawn-helper') };
}

function findDirectory(root: string): string {
  const candidates = [
    path.join(root, 'build', 'Release'),
    path.join(root, 'prebuilds', `${process.platform}-${process.arch}`),
  ];
  const found = candidates.find((directory) => existsSync(path.join(directory, 'pty.node')));
  if (found === undefined) throw new Error(`no pty.node below ${root}`);
  return found;
}

function isKnown(binding: unknown): binding is PtyBinding {
  if (typeof binding !== 'object' || binding === null) return false;
  return Object.entries(USAGE).every(([name, usage]) => {
    const method: unknown = Reflect.get(binding, name);
    if (typeof method !== 'function') return false;
    try {
      Reflect.apply(method, binding, []);
      return false;
    } catch (error) {
      return error instanceof Error && error.message === usage;
    }
  });
}
