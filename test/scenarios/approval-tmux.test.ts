import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { withTerminal } from '../cli/on-terminal.ts';
import { waitForApprovals } from '../support/approvals.ts';
import { MAIN, makeVault, randomValue } from '../support/cli.ts';
import { findProgram, missing } from '../support/programs.ts';
import { openTestTerminal } from '../support/terminal.ts';
import { whenDone } from '../support/cleanup.ts';

test('the program that shows a popup is given nothing that opens a vault [G7]', async () => {
  const vault = await makeVault();
  try {
    await vault.ok(['set', 'pr', '--environment', 'prod'], { input: randomValue() });
    const seen = path.join(vault.home, 'seen');
    writeFileSync(path.join(vault.home, 'bin', 'tmux'), `#!/bin/sh\nexec env >>'${seen}'\n`, {
      mode: 0o755,
    });
    const outcome = await vault.run(['-c', '/bin/echo "$VAULT<pr>"'], {
      env: {
        PATH: `${vault.home}/bin:${vault.environment['PATH'] ?? ''}`,
        TMUX: '/nowhere',
        VAULT_SHELL_PASSPHRASE: 'correct horse',
        VAULT_SHELL_APPROVE_TIMEOUT: '1',
      },
    });
    assert.equal(outcome.code, 126);
    const environment = readFileSync(seen, 'utf8');
    assert.match(environment, /^TMUX=/m);
    assert.doesNotMatch(environment, /HEXKEY|PASSPHRASE|correct horse/);
  } finally {
    vault.remove();
  }
});

test(
  'in tmux, a session without a terminal asks in a popup',
  { skip: missing('tmux') },
  async (t) => {
    const vault = await makeVault();
    await vault.ok(['set', 'pr', '--environment', 'prod'], { input: randomValue() });
    const configuration = path.join(vault.home, 'conf');
    writeFileSync(configuration, 'set -g status off\nset -g default-command "exec /bin/sh"\n');
    const socket = path.join(vault.home, 'tmux');
    // In this order: the server is reached by a file in there.
    whenDone(t, () => {
      spawnSync('tmux', ['-S', socket, 'kill-server']);
      vault.remove();
    });
    const terminal = openTestTerminal({
      file: findProgram('tmux') ?? '',
      args: ['-S', socket, '-f', configuration, 'new-session'],
      environment: { ...vault.environment, PS1: 'pane> ' },
      cwd: vault.home,
      columns: 100,
      rows: 30,
    });
    await withTerminal(terminal, async () => {
      await terminal.waitFor('pane> ');
      const command = `/bin/echo "got $VAULT<pr>"`;
      terminal.send(`'${process.execPath}' '${MAIN}' -c '${command}' | cat\r`);
      await terminal.waitFor('[s]ession?');
      assert.match(await terminal.screen(), /command: +\/bin\/echo 'got \$VAULT<pr>'/);
      terminal.send('o\r');
      await terminal.waitFor('got ***');
      await waitForApprovals(vault, 0);
    });
  },
);
