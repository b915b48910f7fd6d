import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  MAIN,
  makeVault,
  randomValue,
  runProgram,
  type Outcome,
  type TestVault,
} from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { openTestTerminal } from '../support/terminal.ts';
import { front, shimPath } from './inside.ts';

describe('by the name of a shell, outside of a session', { skip: missing('bash') }, () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
    writeFileSync(path.join(vault.home, '.profile'), 'PROFILE=read; PS1="ready> "\n');
    const shims = path.join(vault.home, 'shims');
    mkdirSync(shims);
    for (const name of ['bash', 'zsh', 'sh']) {
      symlinkSync(front(`vault-${name}`), path.join(shims, name));
    }
    symlinkSync(MAIN, path.join(shims, 'dash'));
  });
  after(() => vault.remove());

  function call(file: string, args: readonly string[], env = {}): Promise<Outcome> {
    return runProgram(file, args, vault, { env });
  }

  test('a session is started with that shell, and every word is the shell’s', async () => {
    const script = '/bin/echo "$VAULT<t> $0 $1"; readlink /proc/$$/exe; exit 3';
    for (const args of [
      ['-c', script, 'n', '--vault'],
      ['--norc', '-c', script, 'n', '--vault'],
    ]) {
      const outcome = await call(front('vault-bash'), args, { SHELL: '/bin/sh' });
      assert.deepEqual(outcome, { code: 3, stdout: '*** n --vault\n/usr/bin/bash\n', stderr: '' });
    }
    assert.match((await call(front('vault-bash'), ['--version'])).stdout, /^GNU bash/);
  });

  test('by a link first in PATH, to the front end or to main.js, too, and never itself', async () => {
    const PATH = shimPath(vault);
    const nested =
      'bash -c "bash -c \'readlink /proc/\\$\\$/exe; :\'; readlink /proc/\\$\\$/exe; :"';
    assert.equal(
      (await call('/usr/bin/env', ['bash', '-c', nested], { PATH })).stdout,
      '/usr/bin/bash\n/usr/bin/bash\n',
    );
    const dash = await call('/usr/bin/env', ['dash', '-c', 'readlink /proc/$$/exe; :'], { PATH });
    assert.equal(dash.stdout, '/usr/bin/dash\n');
  });

  test('as a login shell with a leading dash', async () => {
    const script = `exec -a -vault-bash ${front('vault-bash')} -c 'echo "$PROFILE"; shopt -q login_shell'`;
    assert.deepEqual(await call('/bin/bash', ['-c', script]), {
      code: 0,
      stdout: 'read\n',
      stderr: '',
    });
    const terminal = openTestTerminal({
      file: '/bin/bash',
      args: ['-c', `exec -a -vault-bash ${front('vault-bash')}`],
      environment: { ...vault.environment, TERM: 'dumb' },
      cwd: vault.home,
    });
    try {
      await terminal.waitFor('ready> ');
      terminal.send('shopt login_shell; logout\r');
      await terminal.waitFor(/login_shell\s+on/);
      assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
    } finally {
      await terminal.close();
    }
  });

  test('as $SHELL of vault-shell it stands for the real one', async () => {
    const env = { SHELL: front('vault-bash') };
    assert.equal(await vault.ok(['-c', 'readlink /proc/$$/exe; :'], { env }), '/usr/bin/bash\n');
  });

  test('everything else is as ever by the name vault-shell', async () => {
    const list = await call(front('vault-shell'), ['list', '--json']);
    assert.deepEqual(list, await vault.run(['list', '--json']));
    const wrong = await call(front('vault-shell'), ['frobnicate']);
    assert.deepEqual(wrong, await vault.run(['frobnicate']));
  });

  test('without node there is one line, and 125', async () => {
    const { code, stdout, stderr } = await call(front('vault-bash'), ['-c', 'echo ran'], {
      PATH: '/nonexistent',
      VAULT_SHELL_DIR: '/nonexistent',
    });
    assert.deepEqual([code, stdout], [125, '']);
    assert.match(stderr, /^vault-shell: error: /);
  });
});

describe(
  'asked by an editor for the environment of a login shell',
  { skip: missing('bash') },
  () => {
    const value = randomValue();
    let vault: TestVault;
    before(async () => {
      vault = await makeVault();
      await vault.set('t', value);
      writeFileSync(path.join(vault.home, '.profile'), 'export PROFILE=read\n');
    });
    after(() => vault.remove());

    const MARKS = ['VSCODE_RESOLVING_ENVIRONMENT', 'INTELLIJ_ENVIRONMENT_READER'];
    const script = "env | grep -E '^(VAULT|LD_PRELOAD|PROFILE)' | sort; readlink /proc/$$/exe; :";
    for (const mark of MARKS) {
      for (const [name, file, args] of [
        ['vault-bash', front('vault-bash'), []],
        ['vault-shell', process.execPath, [MAIN]],
      ] as const) {
        test(`${name} is the bare shell: no session, no vault (${mark})`, async () => {
          const env = { [mark]: '1', VAULT_SHELL_DIR: '/nonexistent', SHELL: '/usr/bin/bash' };
          const words = [...args, '-i', '-l', '-c', script];
          const { code, stdout } = await runProgram(file, words, vault, { env });
          const expected = 'PROFILE=read\nVAULT_SHELL_DIR=/nonexistent\n/usr/bin/bash\n';
          assert.deepEqual({ code, stdout }, { code: 0, stdout: expected });
        });
      }
    }

    test('in a session it nests all the same', async () => {
      const nested = `${front('vault-bash')} -lc 'printf %s ${value}' | wc -c`;
      const marks = MARKS.map((mark) => `${mark}=1`).join(' ');
      assert.equal((await vault.ok(['-c', `${marks} ${nested}`])).trim(), '3');
    });

    test('on a terminal it is a session all the same, and what is no shell too', async () => {
      const inside = 'test -n "$VAULT_SHELL_SESSION" && echo inside';
      const env = { VSCODE_RESOLVING_ENVIRONMENT: '1' };
      const terminal = openTestTerminal({
        file: front('vault-bash'),
        args: ['-lc', inside],
        environment: { ...vault.environment, ...env },
        cwd: vault.home,
      });
      try {
        await terminal.waitFor('inside');
      } finally {
        await terminal.close();
      }
      assert.equal(await vault.ok(['--', 'sh', '-c', inside], { env }), 'inside\n');
    });
  },
);

describe('SHELL in a session', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
  });
  after(() => vault.remove());

  for (const [what, args, given, expected] of [
    ['its shell', ['-c'], '/bin/bash', front('vault-bash')],
    ['the one that --shell named', ['--shell', '/bin/sh', '-c'], '/bin/bash', front('vault-sh')],
    ['the user’s, for a program', ['--', '/bin/sh', '-c'], '/bin/bash', front('vault-bash')],
    [
      'the user’s, where its own has no front end',
      ['--shell', '/bin/dash', '-c'],
      '/bin/bash',
      front('vault-bash'),
    ],
    ['as it was, where none has', ['--shell', '/bin/dash', '-c'], '/bin/dash', '/bin/dash'],
    ['a front end already', ['--', '/bin/sh', '-c'], front('vault-bash'), front('vault-bash')],
  ] as const) {
    test(`names the front end of ${what}`, { skip: missing('bash') }, async () => {
      const output = await vault.ok([...args, 'echo "$SHELL"'], { env: { SHELL: given } });
      assert.equal(output, `${expected}\n`);
    });
  }

  test('vault-bash and the others are in PATH, and what main.js was told is not in the environment', async () => {
    const script =
      'for name in shell bash zsh sh; do command -v vault-$name; done | wc -l; env | grep -c CALLED_AS';
    assert.equal((await runProgram(front('vault-sh'), ['-c', script], vault, {})).stdout, '4\n0\n');
  });

  test('a file of certificates, which Node would read first, is in the environment as it was', async () => {
    const env = { NODE_EXTRA_CA_CERTS: '/nonexistent/certificates' };
    const script = 'echo "$NODE_EXTRA_CA_CERTS"; env | grep -c CA_CERTS';
    const outcome = await runProgram(front('vault-sh'), ['-c', script], vault, { env });
    // Node would have warned.
    assert.deepEqual(outcome, { code: 0, stdout: '/nonexistent/certificates\n1\n', stderr: '' });
  });
});
