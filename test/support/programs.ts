import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from './hook-environment.ts';

/** Gives the path of a program of this machine, or undefined when it is not there. */
export function findProgram(name: string): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    const candidate = path.join(directory, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not there
    }
  }
  return undefined;
}

/**
 * Says why a test of `names` cannot run here, or false when it can. With CI set a missing program is a
 * failure of the test, not a reason to skip it.
 */
export function missing(...names: readonly string[]): string | false {
  const absent = names.filter((name) => findProgram(name) === undefined);
  if (absent.length === 0 || process.env['CI'] !== undefined) return false;
  return `not installed: ${absent.join(', ')}`;
}

/** Compiles test/hook/probe.c into a directory that the caller removes. */
export function buildProbe(): { directory: string; probe: string } {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-probe-'));
  const probe = path.join(directory, 'probe');
  const source = path.join(ROOT, 'test/hook/probe.c');
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-pthread', '-o', probe, source]);
  return { directory, probe };
}
