import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { front, openInside, shimPath, type Inside } from './inside.ts';

/*
 * What agents start where they would start a shell, in a session. Each case is run by the bare shell too, and both must
 * agree to the byte.
 */
describe('vault-bash in a session', { skip: missing('bash') }, () => {
  let vault: TestVault;
  let inside: Inside;
  const bash = '/usr/bin/bash';
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
    writeFileSync(path.join(vault.home, 'script.sh'), 'echo "script $0 $# $2"; exit 4\n');
    writeFileSync(path.join(vault.home, '.profile'), 'PROFILE=read\n');
    writeFileSync(path.join(vault.home, '.bashrc'), 'RC=read\n');
    mkdirSync(path.join(vault.home, 'shims'));
    for (const name of ['bash', 'zsh', 'sh']) {
      symlinkSync(front(`vault-${name}`), path.join(vault.home, 'shims', name));
    }
    inside = openInside(vault);
  });
  after(async () => {
    await inside.close();
    vault.remove();
  });

  const SAME: readonly [string, readonly string[], string?][] = [
    ['-c', ['-c', 'echo hi; echo err >&2']],
    ['-c with a name and arguments', ['-c', 'echo "$0|$1|$2|$#"', 'name', 'a b', '--vault']],
    ['-lc', ['-lc', 'echo "$PROFILE"; shopt login_shell']],
    ['-l -c with a name and arguments', ['-l', '-c', 'echo "$PROFILE|$0|$1"', 'name', 'arg']],
    ['-c -l', ['-c', '-l', 'echo "$PROFILE"; shopt login_shell']],
    ['-ic', ['-ic', 'echo "$RC"']],
    ['-s with arguments and a script on stdin', ['-s', 'a', 'b c'], 'echo "$0|$1|$2"; exit 6\n'],
    ['nothing but a script on stdin', [], 'echo hi\necho err >&2\nexit 9\n'],
    ['-l and a script on stdin', ['-l'], 'echo "$PROFILE"\n'],
    ['an empty stdin', [], ''],
    ['a script', ['./script.sh', 'a', 'b']],
    ['options of bash', ['--norc', '--noprofile', '-e', '-c', 'false; echo not reached']],
    ['options that vault-shell has too', ['--help']],
    ['--version', ['--version']],
    ['what vault-shell would take for a command', ['run']],
    ['-- before a script', ['--', './script.sh']],
    ['a command that is not found', ['-c', 'no-such-command']],
    ['a shell that ends by a signal', ['-c', 'kill -TERM $$']],
    ['a shell that is killed', ['-c', 'kill -KILL $$']],
    ['an exit code', ['-c', 'exit 255']],
    ['a syntax error', ['-c', 'if']],
    ['an option the shell does not know', ['-Q']],
    ['a here-document', ['-c', 'cat <<E\n$0 $VAULT<t>\nE\n', 'n']],
    ['the environment', ['-c', 'env | grep -v "^_=" | sort']],
    ['closed streams', ['-c', 'cat <&-; echo x >&-; echo y']],
    ['bytes that are no text', ['-c', "printf '\\0\\377\\376\\r\\n\\e[31m'"]],
    ['job control that is off', ['-c', 'echo $-; sleep 0 & wait']],
  ];
  for (const [what, args, input = ''] of SAME) {
    test(`${what}: as bash does it`, async () => {
      const [bare, nested] = await Promise.all(
        [bash, front('vault-bash')].map(async (file) => {
          const outcome = await inside.run(file, args, { input });
          // An interactive shell without a terminal names its process group.
          return { ...outcome, stderr: outcome.stderr.replace(/ group \(-?\d+\)/, '') };
        }),
      );
      assert.deepEqual(nested, bare);
    });
  }

  test('its outputs are two pipes, its input is the one it was given', async () => {
    const script = 'for f in 0 1 2; do readlink /proc/self/fd/$f; done';
    const { stdout } = await inside.run('/bin/sh', [
      '-c',
      `${front('vault-bash')} -c '${script}' </dev/null`,
    ]);
    const [input, output, error] = stdout.split('\n');
    assert.equal(input, '/dev/null');
    assert.match(`${output} ${error}`, /^pipe:\[\d+\] pipe:\[\d+\]$/);
    assert.notEqual(output, error);
  });

  test('a link called bash, first in PATH, is bash and does not call itself', async () => {
    const env = { PATH: shimPath(vault) };
    const which = await inside.run('/usr/bin/env', ['bash', '-c', 'readlink /proc/$$/exe; :'], {
      env,
    });
    assert.deepEqual(which, { code: 0, stdout: '/usr/bin/bash\n', stderr: '' });
    const shims = path.join(vault.home, 'shims');
    const nested = await inside.run(
      '/usr/bin/env',
      ['bash', '-c', 'command -v bash; bash -c "sh -c \'echo \\$0\'"'],
      { env },
    );
    assert.deepEqual(nested, { code: 0, stdout: `${shims}/bash\n/usr/bin/sh\n`, stderr: '' });
  });

  test('a leading dash in its name makes a login shell', async () => {
    const script = `exec -a -vault-bash ${front('vault-bash')} -c 'echo "$0 $PROFILE"; shopt -q login_shell'`;
    const { code, stdout } = await inside.run(bash, ['-c', script]);
    assert.deepEqual([code, stdout], [0, '-bash read\n']);
  });

  test('vault-shell takes $SHELL, which names the front end in a session', async () => {
    const { stdout } = await inside.run(
      front('vault-shell'),
      ['-c', 'readlink /proc/$$/exe; echo $SHELL; :'],
      {
        env: { SHELL: front('vault-bash') },
      },
    );
    assert.equal(stdout, `/usr/bin/bash\n${front('vault-bash')}\n`);
  });

  test('a shell that is not installed is not found, one that is itself is wrong usage', async () => {
    const env = { PATH: '/nonexistent' };
    const ash = path.join(vault.home, 'shims', 'ash');
    symlinkSync(front('vault-sh'), ash);
    const missing = await inside.run(ash, ['-c', 'true']);
    assert.equal(missing.code, 127);
    assert.equal(missing.stderr, 'vault-shell: error: command not found: ash\n');
    const self = await inside.run(
      front('vault-shell'),
      ['--shell', front('vault-sh'), '-c', 'true'],
      { env },
    );
    assert.equal(self.code, 2);
    assert.equal(self.stderr, 'vault-shell: error: vault-shell cannot be its own shell\n');
  });
});
