import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { front, openInside, type Inside } from './inside.ts';

/* Programs of a session that start a shell of their own, where that is the front end. */
describe('the front end as the shell of', () => {
  let vault: TestVault;
  let inside: Inside;
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
    inside = openInside(vault);
  });
  after(async () => {
    await inside.close();
    vault.remove();
  });

  test('make', { skip: missing('make') }, async () => {
    const recipes = 'all: one two\n%:\n\t@/bin/echo "$@ $$VAULT<t>"; exit 0\n';
    writeFileSync(path.join(vault.home, 'Makefile'), recipes);
    const outcome = await inside.run('make', [`SHELL=${front('vault-sh')}`, '-j1']);
    assert.deepEqual(outcome, { code: 0, stdout: 'one ***\ntwo ***\nall ***\n', stderr: '' });
    const failed = await inside.run('make', [
      `SHELL=${front('vault-sh')}`,
      '-f',
      '/dev/null',
      '--eval',
      'x:;@exit 5',
      'x',
    ]);
    assert.equal(failed.code, 2);
    assert.match(failed.stderr, /Error 5/);
  });

  test('git, for an alias', { skip: missing('git') }, async () => {
    const alias = `alias.show-it=!${front('vault-sh')} -c '/bin/echo "$VAULT<t>"; exit 4'`;
    const outcome = await inside.run('git', ['-c', alias, 'show-it']);
    assert.deepEqual([outcome.code, outcome.stdout], [4, '***\n']);
  });

  test('xargs and find', async () => {
    const script = `printf '1\\n2\\n' | xargs -n 1 ${front('vault-sh')} -c '/bin/echo "$0 $VAULT<t>"'`;
    assert.equal((await inside.run('/bin/sh', ['-c', script])).stdout, '1 ***\n2 ***\n');
  });

  describe('tmux', { skip: missing('tmux') }, () => {
    const tmux = async (...args: string[]): Promise<string> =>
      (await inside.run('tmux', ['-S', path.join(vault.home, 'tmux'), '-f', '/dev/null', ...args]))
        .stdout;
    /** Looks at the pane until it shows `wanted`. */
    const waitFor = async (wanted: RegExp): Promise<string> => {
      for (;;) {
        const screen = await tmux('capture-pane', '-p');
        if (wanted.test(screen)) return screen;
        await delay(50);
      }
    };
    after(() => tmux('kill-server'));

    test(
      'twenty panes of one session, each nested in it and masked',
      { timeout: 120_000 },
      async () => {
        // tmux itself takes its default-shell from SHELL.
        const env = { SHELL: front('vault-sh') };
        const server = ['-S', path.join(vault.home, 'tmux'), '-f', '/dev/null'];
        const started = await inside.run(
          'tmux',
          [...server, 'new-session', '-d', '-x', '90', '-y', '70'],
          { env },
        );
        assert.deepEqual(started, { code: 0, stdout: '', stderr: '' });
        for (let n = 1; n < 20; n++) await tmux('new-window');
        await tmux('set', '-g', 'remain-on-exit', 'on');
        for (let n = 0; n < 20; n++) {
          await tmux('select-window', '-t', String(n));
          await waitFor(/^[#$]/m);
          await tmux('send-keys', `echo pa""ne ${n}; /bin/echo "got $VAULT<t>"`, 'Enter');
          const screen = await waitFor(/^got \*\*\*$/m);
          assert.match(screen, new RegExp(`^pane ${n}$`, 'm'));
        }
        const { length } = (await vault.audit()).filter(({ command }) =>
          command.includes('got $VAULT<t>'),
        );
        assert.equal(length, 20);
      },
    );
  });
});
