import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MAIN, makeVault, randomValue } from '../support/cli.ts';
import { descendantsOf, gone } from '../support/processes.ts';

const run = promisify(execFile);
/** Between two looks at a pane. */
const LOOK_MS = 50;

/**
 * Opens so many panes at once in a tmux whose default-command is vault-shell, prints a value in each, and closes them, half
 * by `exit` and half by killing the pane. Throws unless every pane, its scrollback and what `pipe-pane` saw of it have masks
 * only, and no process and no runtime directory is left.
 */
export async function openPanes(count: number): Promise<void> {
  const vault = await makeVault();
  const socket = path.join(vault.home, 'tmux');
  const options = { env: vault.environment, cwd: vault.home };
  const tmux = async (...args: string[]): Promise<string> =>
    (await run('tmux', ['-S', socket, '-f', path.join(vault.home, 'conf'), ...args], options))
      .stdout;
  const value = randomValue();
  try {
    await vault.set('t', value);
    const command = `${process.execPath} ${MAIN} --shell /bin/sh`;
    writeFileSync(path.join(vault.home, 'conf'), `set -g default-command "${command}"\n`);
    // A pane that is no session keeps the server while the others come and go.
    await tmux('new-session', '-d', '-x', '100', '-y', '30', 'sleep 1000');
    const server = Number(await tmux('display-message', '-p', '#{pid}'));
    const panes = await Promise.all(
      Array.from({ length: count }, async () =>
        (await tmux('new-window', '-d', '-P', '-F', '#{pane_id}')).trim(),
      ),
    );
    await Promise.all(panes.map(async (pane, n) => usePane(pane, n)));
    const family = descendantsOf(server).filter(
      ({ command: line }) => !line.endsWith('sleep 1000'),
    );
    assert.ok(family.length >= 3 * count, 'a session, its vault process and its shell in each');
    await Promise.all(
      panes.map(async (pane, n) =>
        n % 2 === 0
          ? tmux('send-keys', '-t', pane, 'exit', 'Enter')
          : tmux('kill-pane', '-t', pane),
      ),
    );
    await Promise.all(family.map(({ pid }) => gone(pid)));
    const left = readdirSync(vault.home).filter((name) => name.startsWith('vault-shell-'));
    assert.deepEqual(left, []);
  } finally {
    await tmux('kill-server').catch(() => undefined);
    vault.remove();
  }

  async function usePane(pane: string, n: number): Promise<void> {
    await see(pane, /^[#$]/m);
    const piped = path.join(vault.home, `piped-${n}`);
    await tmux('pipe-pane', '-t', pane, `cat > ${piped}`);
    // So much that the first value is in the scrollback.
    const line = '/bin/echo "got $VAULT<t>"; seq 100; T="$VAULT<t>" printenv T; echo en""d';
    await tmux('send-keys', '-t', pane, line, 'Enter');
    const screen = await see(pane, /^end$/m);
    while (!existsSync(piped) || !/^end/m.test(readFileSync(piped, 'utf8'))) await delay(LOOK_MS);
    for (const shown of [screen, readFileSync(piped, 'utf8').replaceAll('\r', '')]) {
      assert.match(shown, /^got \*\*\*$/m);
      assert.match(shown, /^100\n\*\*\*$/m);
      assert.ok(!shown.includes(value));
    }
  }

  async function see(pane: string, wanted: RegExp): Promise<string> {
    for (;;) {
      const screen = await tmux('capture-pane', '-p', '-S', '-', '-t', pane);
      if (wanted.test(screen)) return screen;
      await delay(LOOK_MS);
    }
  }
}
