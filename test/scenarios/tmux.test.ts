import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { MAIN, makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { missing } from '../support/programs.ts';

describe(
  'tmux with vault-shell as its default-command',
  {
    skip: missing('tmux'),
  },
  () => {
    let vault: TestVault;
    const value = randomValue();
    const tmux = (...args: string[]): string =>
      execFileSync(
        'tmux',
        ['-S', path.join(vault.home, 'tmux'), '-f', path.join(vault.home, 'conf'), ...args],
        {
          env: vault.environment,
          cwd: vault.home,
          encoding: 'utf8',
        },
      );
    /** Looks at the pane until it shows `wanted`. */
    const waitFor = async (wanted: RegExp): Promise<string> => {
      for (;;) {
        const screen = tmux('capture-pane', '-p', '-S', '-');
        if (wanted.test(screen)) return screen;
        await delay(50);
      }
    };

    before(async () => {
      vault = await makeVault();
      await vault.set('t', value);
      const command = `${process.execPath} ${MAIN} --shell /bin/sh`;
      writeFileSync(path.join(vault.home, 'conf'), `set -g default-command "${command}"\n`);
      tmux('new-session', '-d', '-x', '100', '-y', '30');
    });
    after(() => {
      spawnSync('tmux', ['-S', path.join(vault.home, 'tmux'), 'kill-server']);
      vault.remove();
    });

    test(
      'a pane is a session: placeholders work, and screen, scrollback and pipe-pane have masks only',
      { timeout: 30_000 },
      async () => {
        await waitFor(/^[#$]/m);
        const piped = path.join(vault.home, 'piped');
        tmux('pipe-pane', `cat > ${piped}`);
        tmux(
          'send-keys',
          '/bin/echo "got $VAULT<t>"; T="$VAULT<t>" printenv T; echo en""d',
          'Enter',
        );
        const screen = await waitFor(/^end/m);
        assert.match(screen, /^got \*\*\*$/m);
        assert.match(screen, /^\*\*\*$/m);
        assert.ok(!screen.includes(value));
        while (!existsSync(piped) || !/^end/m.test(readFileSync(piped, 'utf8'))) {
          await delay(20);
        }
        assert.ok(!readFileSync(piped, 'utf8').includes(value));
      },
    );

    test(
      'a second pane is a session of its own over the same vault',
      { timeout: 30_000 },
      async () => {
        tmux('split-window');
        await waitFor(/^[#$]/m);
        tmux('send-keys', '/bin/echo "second $VAULT<t>"', 'Enter');
        await waitFor(/^second \*\*\*$/m);
        const rows = await vault.audit();
        assert.match(rows[0]?.command ?? '', /second/);
        assert.equal(rows.filter((row) => row.outcome === 'ran').length, 3);
      },
    );
  },
);
