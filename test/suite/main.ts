import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeVault, randomValue } from '../support/cli.ts';
import { loadZshTests } from './zsh-source.ts';
import { runZshTests, type Results } from './zsh.ts';
import { removeTree } from '../support/cleanup.ts';

/*
 * `npm run suite:zsh`: zsh's own tests, from the distribution's source package, bare and in a session on a terminal. Prints
 * what became of them, and each test of which something else became. Ends with 1 if there is one.
 */
const directory = mkdtempSync(path.join(tmpdir(), 'vs-zsh-'));
const vault = await makeVault();
try {
  await vault.set('t', randomValue());
  const tests = loadZshTests(directory);
  const bare = await runZshTests(tests, vault, 'bare');
  console.log(`bare: ${countsOf(bare)}`);
  const session = await runZshTests(tests, vault, 'session');
  console.log(`in a session: ${countsOf(session)}`);
  const names = new Set([...bare.keys(), ...session.keys()]);
  for (const name of names) {
    const [one, other] = [bare.get(name) ?? 'not run', session.get(name) ?? 'not run'];
    if (one === other) continue;
    process.exitCode = 1;
    console.log(`${name}: ${one} bare, ${other} in a session`);
  }
} catch (error) {
  const text = error instanceof Error ? error.message.trimEnd() : String(error);
  console.error(`suite:zsh cannot be run here: it loads a source package with apt-get: ${text}`);
  process.exitCode = 2;
} finally {
  vault.remove();
  removeTree(directory);
}

function countsOf(results: Results): string {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const result of results.values()) counts[result]++;
  return Object.entries(counts)
    .map(([result, count]) => `${count} ${result}`)
    .join(', ');
}
