import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findProgram } from '../support/programs.ts';

const SOURCES = '/etc/apt/sources.list.d';

/**
 * Gives the directory of zsh's own tests, of the distribution's version, set up for the zsh of this machine. Everything is
 * loaded into `directory`; apt's own lists stay as they are. Throws when it cannot be loaded.
 */
export function loadZshTests(directory: string): string {
  const zsh = findProgram('zsh');
  if (zsh === undefined) throw new Error('zsh is not installed');
  for (const name of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(path.join(directory, name), { recursive: true });
  }
  writeFileSync(path.join(directory, 'zsh.sources'), sourceEntries());
  const options = [
    `Dir::Etc::sourcelist=${directory}/zsh.sources`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${directory}/lists`,
    `Dir::Cache=${directory}/cache`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const run = (program: string, args: readonly string[]): void => {
    execFileSync(program, args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  run('apt-get', [...options, 'update']);
  run('apt-get', [...options, 'source', '--download-only', 'zsh']);
  const archive = readdirSync(directory).find((name) => /^zsh_.*\.orig\.tar\.\w+$/.test(name));
  if (archive === undefined) throw new Error('there is no source of zsh');
  run('tar', ['xf', archive]);
  const root = readdirSync(directory).find((name) => name.startsWith('zsh-'));
  if (root === undefined) throw new Error(`${archive} is not as expected`);
  // Its tests start the zsh that was built next to them.
  symlinkSync(zsh, path.join(directory, root, 'Src', 'zsh'));
  return path.join(directory, root, 'Test');
}

/** The distribution's package sources as this machine has them, for source packages. */
function sourceEntries(): string {
  const entries = readdirSync(SOURCES)
    .filter((name) => name.endsWith('.sources'))
    .map((name) => readFileSync(path.join(SOURCES, name), 'utf8'));
  if (entries.length === 0) throw new Error(`no *.sources in ${SOURCES}`);
  return entries.join('\n\n').replaceAll(/^Types:.*$/gm, 'Types: deb-src');
}
