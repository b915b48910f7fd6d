import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { look, watchVault } from '../../src/vault/watch.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

/** A place with a vault's file in `vault`; gives it, and a promise for the next change after now. */
function watched(t: TestContext): { directory: string; changed: () => Promise<void> } {
  const place = mkdtempSync(path.join(tmpdir(), 'vs-watch-'));
  const directory = path.join(place, 'vault');
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'vault.db'), 'one');
  let tell = (): void => undefined;
  const stop = watchVault(directory, look(directory), async () => tell());
  // It keeps no process alive, and here nothing else does.
  const alive = setInterval(() => undefined, 1000);
  whenDone(t, () => {
    stop();
    clearInterval(alive);
    removeTree(place);
  });
  return {
    directory,
    changed: () =>
      new Promise((resolve) => {
        tell = resolve;
      }),
  };
}

test('a write is noticed', async (t) => {
  const { directory, changed } = watched(t);
  const next = changed();
  writeFileSync(path.join(directory, 'vault.db'), 'another');
  await next;
});

test('a file that takes the place of the other is noticed', async (t) => {
  const { directory, changed } = watched(t);
  const next = changed();
  writeFileSync(path.join(directory, 'new'), 'another');
  renameSync(path.join(directory, 'new'), path.join(directory, 'vault.db'));
  await next;
});

test('a directory that takes the place of the other is noticed, and what is written there', async (t) => {
  const { directory, changed } = watched(t);
  const replaced = changed();
  renameSync(directory, `${directory}-old`);
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'vault.db'), 'another');
  await replaced;
  const written = changed();
  writeFileSync(path.join(directory, 'vault.db'), 'more than that');
  await written;
});
