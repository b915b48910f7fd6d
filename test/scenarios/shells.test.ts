import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { missing } from '../support/programs.ts';

/*
 * What a user of each shell sees. The commands are those of the README's promise; every one runs in a
 * session without a terminal, as an agent's shell does.
 */
const SHELLS = ['bash', 'dash', 'zsh', 'ksh', 'fish'] as const;

for (const shell of SHELLS) {
  describe(`in ${shell}`, { skip: missing(shell) }, () => {
    let vault: TestVault;
    const value = randomValue();
    before(async () => {
      vault = await makeVault();
      await vault.set('t', value);
      writeFileSync(
        path.join(vault.home, 'Makefile'),
        'all:\n\t@/bin/echo "made $$VAULT<t>"\n\t@T=\'$$VAULT<t>\' printenv T\n',
      );
    });
    after(() => vault.remove());

    const session = (command: string): Promise<{ code: number; stdout: string; stderr: string }> =>
      vault.run(['--shell', `/usr/bin/${shell}`, '-c', command]);

    const shown: readonly [string, string, string][] = [
      ['an argument in double quotes', '/bin/echo "x $VAULT<t> y"', 'x *** y\n'],
      ['an argument in single quotes', "/bin/echo 'x $VAULT<t> y'", 'x *** y\n'],
      ['the environment', `T="$VAULT<t>" printenv T`, '***\n'],
      [
        'the true length in a program',
        `T="$VAULT<t>" python3 -c 'import os;print(len(os.environ["T"]))'`,
        `${String(value.length)}\n`,
      ],
      ['a nested shell', `sh -c '/bin/echo "n $VAULT<t>"'`, 'n ***\n'],
      ['a pipeline', `/bin/echo "$VAULT<t>" | cat | tr -d '\\n'`, '***'],
      ['an encoding on the way', `/bin/echo "$VAULT<t>" | tr -d '\\n' | base64 -w0`, '***'],
      ['xargs', `printf '%s' 'a b' | xargs /bin/echo "$VAULT<t>"`, '*** a b\n'],
      ['env', 'env T="$VAULT<t>" printenv T', '***\n'],
      ['make', 'make -s', 'made ***\n***\n'],
      [
        "python's subprocess",
        `python3 -c 'import subprocess; subprocess.run(["/bin/echo", "p $VAULT" + "<t>"])'`,
        'p ***\n',
      ],
      [
        "node's child_process",
        `node -e 'require("node:child_process").execFileSync("/bin/echo", ["j $VAULT" + "<t>"], {stdio: "inherit"})'`,
        'j ***\n',
      ],
      ["the shell's own echo, which gets the text", 'echo "$VAULT<t>"', '$VAULT<t>\n'],
    ];
    for (const [what, command, expected] of shown) {
      test(what, async () => {
        const { code, stdout, stderr } = await session(command);
        assert.equal(stdout, expected, stderr);
        assert.equal(code, 0);
        assert.ok(!stderr.includes(value));
      });
    }

    test('an unknown name: nothing runs, 126, one line, a denied row', async () => {
      const { code, stdout, stderr } = await session('touch made "$VAULT<nope>"');
      assert.equal(code, 126);
      assert.equal(stdout, '');
      assert.match(stderr, /^vault-shell: error: unknown secret "nope".*$/m);
      const listing = await session('ls');
      assert.ok(!listing.stdout.includes('made'));
      const [row] = await vault.audit();
      assert.equal(row?.outcome, 'denied');
      assert.deepEqual(row?.secrets, ['nope']);
      assert.equal(row?.exit_code, null);
    });

    test('the exit code of a program is in its row', async () => {
      const { code } = await session(
        `T="$VAULT<t>" python3 -c 'import sys; sys.exit(37)'; /bin/true; exit 3`,
      );
      assert.equal(code, 3);
      const [row] = await vault.audit();
      assert.equal(row?.exit_code, 37);
      assert.equal(row?.outcome, 'ran');
      assert.deepEqual(row?.secrets, ['t']);
    });
  });
}
