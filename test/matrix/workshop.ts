import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../support/hook-environment.ts';
import type { Shop } from './way.ts';
import { removeTree } from '../support/cleanup.ts';

/** Everything compiled once, and a directory for each way. */
export interface Workshop {
  /** Makes a directory with the target in it, open to the user of the set-uid launcher. */
  open(): Shop;
  remove(): void;
}

/** The probe counts as a launcher by this name: it is handed placeholders. */
const LAUNCHER = 'nice';
const NOBODY = 65534;

export function openWorkshop(): Workshop {
  const root = mkdtempSync(path.join(tmpdir(), 'vs-matrix-'));
  chmodSync(root, 0o755);
  const tools = path.join(root, 'tools');
  mkdirSync(tools);
  const target = compile(tools, 'target', 'test/matrix/target.c', []);
  const probe = compile(tools, LAUNCHER, 'test/hook/probe.c', []);
  const staticProbe = compile(path.join(tools, 'static'), LAUNCHER, 'test/hook/probe.c', [
    '-static',
  ]);
  const made = {
    probe,
    staticProbe,
    setUidProbe: makeSetUid(path.join(tools, 'set-uid'), probe),
    rust: compileRust(tools),
    go: compileGo(tools),
  };
  let count = 0;
  return {
    open() {
      const directory = path.join(root, String((count += 1)));
      mkdirSync(directory);
      chmodSync(directory, 0o777);
      const own = path.join(directory, 'target');
      copyFileSync(target, own);
      return {
        ...made,
        target: own,
        directory,
        write(name, text, mode = 0o644) {
          const file = path.join(directory, name);
          writeFileSync(file, text);
          chmodSync(file, mode);
          return file;
        },
      };
    },
    remove: () => removeTree(root),
  };
}

function compile(
  directory: string,
  name: string,
  source: string,
  flags: readonly string[],
): string {
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, name);
  const always = ['-O1', '-Wall', '-Wextra', '-Werror', '-pthread', '-o', file];
  execFileSync('cc', [...flags, ...always, path.join(ROOT, source)]);
  return file;
}

/** Only root can give a file to another user. */
function makeSetUid(directory: string, probe: string): string | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  mkdirSync(directory);
  const file = path.join(directory, LAUNCHER);
  copyFileSync(probe, file);
  chownSync(file, NOBODY, NOBODY);
  chmodSync(file, 0o4755);
  return file;
}

function compileRust(directory: string): string | undefined {
  const file = path.join(directory, 'rust');
  const source = path.join(ROOT, 'test/matrix/launcher.rs');
  // The first in PATH may be one that wants a toolchain in HOME.
  const made = ['rustc', '/usr/bin/rustc'].some((rustc) =>
    attempt(rustc, ['-o', file, source], directory),
  );
  return made ? file : undefined;
}

function compileGo(directory: string): string | undefined {
  const file = path.join(directory, 'go');
  const source = path.join(ROOT, 'test/matrix/launcher.go');
  return attempt('go', ['build', '-o', file, source], directory) ? file : undefined;
}

/** A compiler that is there but has nothing to compile with counts as not there. */
function attempt(program: string, args: readonly string[], directory: string): boolean {
  const env = { ...process.env, GOCACHE: path.join(directory, 'cache'), GOFLAGS: '-mod=mod' };
  try {
    execFileSync(program, args, { env, cwd: directory, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
