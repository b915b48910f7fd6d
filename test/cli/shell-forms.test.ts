import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAIN, makeVault, randomValue, runProgram, type TestVault } from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { openOnTerminal, withTerminal } from './on-terminal.ts';

/*
 * What an agent's harness types where it would type `bash`: the answer must be bash's own. Each case is run by the
 * bare shell too, and both must agree to the byte.
 */
describe('as a shell', { skip: missing('bash') }, () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    writeFileSync(path.join(vault.home, 'script.sh'), 'echo "script $0 $# $2"; exit 4\n');
    writeFileSync(path.join(vault.home, 'plain'), 'x', { mode: 0o600 });
    writeFileSync(path.join(vault.home, '.profile'), 'PROFILE=read\n');
  });
  after(() => vault.remove());

  const SAME: readonly [string, readonly string[], string?][] = [
    ['-c', ['-c', 'echo hi; echo err >&2']],
    ['-c with a name and arguments', ['-c', 'echo "$0|$1|$2|$#"', 'name', 'a b', '--vault']],
    ['-lc', ['-lc', 'echo "$PROFILE"; shopt login_shell']],
    ['-l -c', ['-l', '-c', 'echo "$PROFILE"; shopt login_shell']],
    ['-c -l', ['-c', '-l', 'echo "$PROFILE"; shopt login_shell']],
    ['-ec', ['-ec', 'false; echo not reached']],
    ['-c with -- before the command', ['-c', '--', 'echo "$0 $1"', 'n', 'a']],
    ['-c with an empty command', ['-c', '']],
    ['-c without a command', ['-c']],
    ['-s with arguments and a script on stdin', ['-s', 'a', 'b c'], 'echo "$0|$1|$2"; exit 6\n'],
    ['nothing but a script on stdin', [], 'echo hi\necho err >&2\nexit 9\n'],
    ['an empty stdin', [], ''],
    ['a command that is not found', ['-c', 'no-such-command']],
    ['a file that cannot be executed', ['-c', './plain']],
    ['a shell that ends by a signal', ['-c', 'kill -TERM $$']],
    ['a shell that is killed', ['-c', 'kill -KILL $$']],
    ['a program that ends by a signal', ['-c', 'sh -c "kill -INT \\$\\$"; echo $?']],
    ['an exit code', ['-c', 'exit 255']],
    ['a syntax error', ['-c', 'if']],
    ['an option the shell does not know', ['-Q']],
    ['a here-document', ['-c', 'cat <<E\n$0 $VAULT<t>\nE\n', 'n']],
    ['no arguments left over', ['-c', 'echo $#; set -- "$@"; echo $BASH_SUBSHELL $SHLVL']],
  ];
  for (const [what, args, input = ''] of SAME) {
    test(`${what}: as bash does it`, async () => {
      const env = { SHELL: '/bin/bash', SHLVL: '1', VAULT: '$VAULT' };
      const bare = await runProgram('/bin/bash', args, vault, { input, env });
      const session = await vault.run(args, { input, env });
      assert.deepEqual(session, bare);
    });
  }

  test('-i without a terminal is interactive all the same', async () => {
    const args = ['-i', '-c', 'echo "$-" | tr -dc i; exit 3'];
    const { code, stdout } = await vault.run(args, { env: { SHELL: '/bin/bash' } });
    assert.deepEqual([code, stdout], [3, 'i']);
  });

  test('a placeholder in the arguments of the script stays for what it starts', async () => {
    const args = ['-c', '/bin/echo "$1 is $2"; echo "$2"', 'n', 'it', '$VAULT<t>'];
    const { stdout, stderr } = await vault.run(args);
    assert.equal(stdout, 'it is ***\n$VAULT<t>\n', stderr);
  });

  test('a script is run by naming the shell: vault-shell has no operand of that kind', async () => {
    const { stdout, code } = await vault.run(['--', 'bash', './script.sh', 'a', 'b']);
    assert.deepEqual([stdout, code], ['script ./script.sh 2 b\n', 4]);
    assert.equal((await vault.run(['./script.sh'])).code, 2);
  });
});

describe('which shell', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
    mkdirSync(path.join(vault.home, 'shells'));
    symlinkSync('/bin/sh', path.join(vault.home, 'shells', 'mysh'));
    symlinkSync(MAIN, path.join(vault.home, 'shells', 'self'));
  });
  after(() => vault.remove());

  // Not the last command, for which a shell may make way.
  const WHICH = 'readlink /proc/$$/exe; :';

  test('--shell, by path or by name in PATH', { skip: missing('bash') }, async () => {
    for (const args of [
      ['--shell', '/bin/bash'],
      ['--shell=bash'],
      ['--no-color', '--shell', 'bash'],
    ]) {
      assert.match(await vault.ok([...args, '-c', WHICH]), /\/bash\n$/);
    }
  });

  test('$SHELL, when it is a shell', { skip: missing('bash') }, async () => {
    assert.match(await vault.ok(['-c', WHICH], { env: { SHELL: '/bin/bash' } }), /\/bash\n$/);
  });

  for (const [what, shell] of [
    ['not there', '/no/such/shell'],
    ['relative', 'shells/mysh'],
    ['a directory', '/'],
    ['empty', ''],
    ['not set', undefined],
  ] as const) {
    test(`/bin/sh when $SHELL is ${what}`, async () => {
      const { code, stdout, stderr } = await vault.run(['-c', 'echo "$0"'], {
        env: { SHELL: shell },
      });
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '/bin/sh\n', stderr: '' });
    });
  }

  test('/bin/sh when $SHELL is vault-shell itself, which would start itself for ever', async () => {
    const env = { SHELL: path.join(vault.home, 'shells', 'self') };
    assert.equal(await vault.ok(['-c', 'echo "$0"'], { env }), '/bin/sh\n');
  });

  test('--shell that is vault-shell itself is wrong usage', async () => {
    const { code, stderr } = await vault.run(['--shell', 'shells/self', '-c', 'touch ran'], {
      cwd: vault.home,
    });
    assert.equal(code, 2);
    assert.match(stderr, /^vault-shell: error: .* its own shell\nvault-shell: hint: /);
  });

  test('--shell that is missing is 127, that cannot be executed 126', async () => {
    assert.equal((await vault.run(['--shell', '/no/such', '-c', 'true'])).code, 127);
    assert.equal((await vault.run(['--shell', '/etc/passwd', '-c', 'true'])).code, 126);
  });
});

describe('a program after --', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    mkdirSync(path.join(vault.home, 'bin'), { recursive: true });
    writeFileSync(
      path.join(vault.home, 'bin', 'show'),
      '#!/usr/bin/python3\nimport sys;print(len(sys.argv), sys.argv[1:])\n',
      { mode: 0o755 },
    );
  });
  after(() => vault.remove());

  test('gets its arguments verbatim, with placeholders resolved, and a row', async () => {
    const args = ['--', 'printf', '%s|', '-c', '--vault', '', 'x $VAULT<t> y', '--'];
    assert.equal(await vault.ok(args), '-c|--vault||x *** y|--|');
    const [row] = await vault.audit();
    assert.deepEqual([row?.secrets, row?.exit_code, row?.outcome], [['t'], 0, 'ran']);
    assert.match(row?.command ?? '', /^printf .*'x \$VAULT<t> y' --$/);
  });

  test('is not run with an unknown name, nor with half a placeholder', async () => {
    for (const text of ['$VAULT<nope>', '$VAULT<t', '$VAULT<>']) {
      const { code, stdout, stderr } = await vault.run(['--', '/bin/echo', 'ran', text]);
      assert.equal(code, 126);
      assert.equal(stdout, '');
      assert.match(stderr, /^vault-shell: error: .*not run\n(vault-shell: hint: .*\n)?$/);
    }
  });

  test('gets them from its environment too', async () => {
    const { stdout } = await vault.run(['--', 'printenv', 'T'], { env: { T: 'a $VAULT<t>' } });
    assert.equal(stdout, 'a ***\n');
  });

  test('leaves them to what it starts when it is a shell', async () => {
    const script = 'echo "$1"; /bin/echo "$1"';
    assert.equal(await vault.ok(['--', 'sh', '-c', script, 'n', '$VAULT<t>']), '$VAULT<t>\n***\n');
  });

  test('is found in PATH or by path; missing is 127, not executable 126, by signal 128+N', async () => {
    const PATH = `${vault.home}/bin:${vault.environment['PATH'] ?? ''}`;
    assert.equal(await vault.ok(['--', 'show', 'a'], { env: { PATH } }), "2 ['a']\n");
    assert.equal(await vault.ok(['--', './bin/show', 'a']), "2 ['a']\n");
    for (const [program, code] of [
      ['no-such-program', 127],
      ['./no/such', 127],
      ['', 127],
      ['/etc/passwd', 126],
      ['/', 126],
    ] as const) {
      const outcome = await vault.run(['--', program]);
      assert.equal(outcome.code, code, program);
      assert.match(outcome.stderr, /^vault-shell: error: .*\n$/);
    }
    const signal = await vault.run(['--', 'sh', '-c', 'kill -KILL $$']);
    assert.equal(signal.code, 137);
  });
});

describe('on a terminal', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
  });
  after(() => vault.remove());

  test('-i starts an interactive shell', async () => {
    const env = { PS1: 'ready> ', SHELL: '/bin/sh' };
    await withTerminal(openOnTerminal(vault, { args: ['-i'], env }), async (terminal) => {
      await terminal.waitFor('ready> ');
      terminal.send('case $- in *i*) echo "is $((20+3))";; esac; exit 5\r');
      await terminal.waitFor('is 23');
      assert.deepEqual(await terminal.done, { code: 5, signal: 0 });
    });
  });

  test('-c has a terminal, ends with its command, and -- PROGRAM too', async () => {
    for (const args of [
      ['-c', 'test -t 0 && test -t 1 && test -t 2 && /bin/echo "on $VAULT<t>"; exit 11'],
      ['--', 'sh', '-c', 'test -t 0 && test -t 1 && /bin/echo "on $VAULT<t>"; exit 11'],
      ['run', 'sh', '-c', 'test -t 0 && test -t 1 && /bin/echo "on $VAULT<t>"; exit 11'],
    ]) {
      await withTerminal(openOnTerminal(vault, { args }), async (terminal) => {
        assert.deepEqual(await terminal.done, { code: 11, signal: 0 });
        assert.equal(terminal.output().toString(), 'on ***\r\n');
      });
    }
  });

  test('a signal that ended the program is 128+N', async () => {
    const args = ['-c', 'kill -TERM $$'];
    await withTerminal(openOnTerminal(vault, { args }), async (terminal) => {
      assert.deepEqual(await terminal.done, { code: 143, signal: 0 });
    });
  });
});
