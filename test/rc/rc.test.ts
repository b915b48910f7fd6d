import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { openRcShell, SHELLS, type RcTerminal } from './shells.ts';

const warningOf = (placeholder: string): string =>
  `vault-shell: warning: without quotes ${placeholder} is a redirection: write "${placeholder}"`;

async function makeFilledVault(): Promise<TestVault> {
  const vault = await makeVault();
  for (const name of ['github_token', 'gitlab/deploy', 'aws.prod']) {
    await vault.set(name, randomValue());
  }
  return vault;
}

for (const shell of SHELLS) {
  const skip = missing(shell.name);
  describe(`${shell.name} in a session, with its rc file loaded twice`, { skip }, () => {
    let vault: TestVault;
    let terminal: RcTerminal;
    before(async () => {
      vault = await makeFilledVault();
      terminal = await openRcShell(vault, shell);
    });
    after(async () => {
      await terminal.close();
      vault.remove();
    });

    test('the prompt has the mark, once', async () => {
      assert.equal((await terminal.screen()).trim(), '(vault) ready>');
      await terminal.enter('true');
      assert.equal((await terminal.screen()).trim().split('\n').at(-1), '(vault) ready>');
    });

    const completions: readonly [string, string, string][] = [
      ['a command', 'vault-shell doc', 'vault-shell doctor'],
      ['an option', 'vault-shell audit --fol', 'vault-shell audit --follow'],
      ['a choice', 'vault-shell audit --outcome d', 'vault-shell audit --outcome denied'],
      ['a choice after =', 'vault-shell audit --outcome=d', 'vault-shell audit --outcome=denied'],
      ['a name', 'vault-shell show gith', 'vault-shell show github_token'],
      ['a name for run', 'vault-shell run -s aw', 'vault-shell run -s aws.prod'],
      ['a file', 'vault-shell redact .some-f', 'vault-shell redact .some-file'],
      ['a placeholder', 'own $VAULT<gith', 'own $VAULT<github_token>'],
      ['a file placeholder', "own 'a $VAULT_FILE<gitl", "own 'a $VAULT_FILE<gitlab/deploy>"],
      ["another command's word", 'own ou', 'own ours'],
    ];
    for (const [what, typed, wanted] of completions) {
      test(`Tab completes ${what}`, async () => {
        writeFileSync(path.join(vault.home, '.some-file'), '');
        // bash closes the quotes.
        const quote = shell.name === 'bash' && wanted.includes("'") ? "'" : '';
        await terminal.complete(typed, `${wanted}${quote}`);
      });
    }

    test('Tab completes a placeholder in double quotes as far as it is clear, and shows the rest', async () => {
      await terminal.complete('own "x: $VAULT<g', 'own "x: $VAULT<git');
      terminal.send('own "x: $VAULT<git\t\t');
      await terminal.until((screen) => /github_token.*gitlab\/deploy/.test(screen));
    });

    test('a placeholder without quotes: a warning, and the shell does what it would', async () => {
      writeFileSync(path.join(vault.home, 'note'), 'noted');
      const output = await terminal.enter('/bin/cat - $VAULT<note>copy');
      assert.ok(output.startsWith(warningOf('$VAULT<note>')), output);
      assert.ok(existsSync(path.join(vault.home, 'copy')));
    });

    test('also in a line that is no command', async () => {
      const output = await terminal.enter('own $VAULT_FILE<key>');
      assert.ok(output.split('\n').includes(warningOf('$VAULT_FILE<key>')), output);
      assert.ok(!(await terminal.enter('own')).includes('warning'));
    });

    test('not of one in quotes', async () => {
      for (const line of [
        '/bin/echo "xxx $VAULT<aws.prod>"',
        `/bin/echo 'xxx' "'" '"$VAULT<aws.prod>'`,
        '/bin/echo xxx # $VAULT<aws.prod>',
      ]) {
        const output = await terminal.enter(line);
        assert.match(output, /xxx/);
        assert.ok(!output.includes('warning'), output);
      }
    });
  });

  describe(`${shell.name} outside of a session, with its rc file loaded twice`, { skip }, () => {
    let vault: TestVault;
    let terminal: RcTerminal;
    before(async () => {
      vault = await makeFilledVault();
      terminal = await openRcShell(vault, shell, { outside: true });
    });
    after(async () => {
      await terminal.close();
      vault.remove();
    });

    test('commands and names are completed, and nothing else is there', async () => {
      await terminal.complete('vault-shell doc', 'vault-shell doctor');
      await terminal.complete('vault-shell show gith', 'vault-shell show github_token');
      const output = await terminal.enter('own $VAULT<nowhere>');
      assert.ok(!output.includes('warning: without'), output);
    });
  });
}
