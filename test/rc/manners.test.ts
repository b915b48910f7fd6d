import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { installIn, makeVault, randomValue, runProgram, type TestVault } from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { openRcShell, SHELLS, type RcShell, type RcTerminal } from './shells.ts';

/** What a user may have of their own, which must go on as before. */
const OWN: Readonly<Record<RcShell['name'], { before: string; after: string }>> = {
  bash: {
    before: `set -eu
trap 'seen=$BASH_COMMAND' DEBUG
_late() { COMPREPLY=(late); }
_load() { if [[ $1 == late ]]; then complete -F _late late; return 124; fi; COMPREPLY=(unknown); }
complete -D -F _load`,
    after: `PROMPT_COMMAND='mine="status $?"'
_early() { COMPREPLY=(early); }
complete -F _early early`,
  },
  zsh: {
    before: `setopt nounset err_return
_status() { mine="status $?"; PROMPT="ready> "; }
precmd() { _status }
preexec() { seen=$1 }`,
    after: `_early() { compadd early }; compdef _early early
_late() { compadd late }; compdef _late late`,
  },
  fish: {
    before: `function fish_prompt; set -g mine "status $status"; echo -n 'ready> '; end
function own_preexec --on-event fish_preexec; set -g seen $argv; end`,
    after: `complete -c early -f -a early; complete -c late -f -a late`,
  },
};

for (const shell of SHELLS) {
  const skip = missing(shell.name);
  describe(`${shell.name} with settings of its user's own`, { skip }, () => {
    let vault: TestVault;
    let terminal: RcTerminal;
    before(async () => {
      vault = await makeVault();
      await vault.set('github_token', randomValue());
      terminal = await openRcShell(vault, shell, OWN[shell.name]);
    });
    after(async () => {
      await terminal.close();
      vault.remove();
    });

    test('what runs before a command and before the prompt sees what it did', async () => {
      await terminal.enter(shell.name === 'bash' ? 'false || :' : 'sh -c "exit 7"');
      const wanted = shell.name === 'bash' ? 'status 0' : 'status 7';
      assert.equal(await terminal.enter('echo "$mine"'), wanted);
      assert.match(await terminal.enter('echo "seen $seen"'), /^seen echo "seen \$seen"$/);
    });

    test('completions are its own, also those that are loaded late, and placeholders go first', async () => {
      for (const command of ['early', 'late', 'late']) {
        await terminal.complete(`${command} `, `${command} ${command}`);
        const closing = shell.name === 'bash' ? '"' : '';
        await terminal.complete(
          `${command} "$VAULT<gi`,
          `${command} "$VAULT<github_token>${closing}`,
        );
      }
    });

    test('the mark stays when the prompt is set anew', async () => {
      const change = {
        bash: `PS1='ready> '`,
        zsh: `PROMPT='ready> '`,
        fish: `function fish_prompt; echo -n 'ready> '; end`,
      };
      assert.equal(await terminal.enter(change[shell.name]), '');
    });
  });

  describe(`the rc file of ${shell.name}`, { skip }, () => {
    let vault: TestVault;
    let file: string;
    before(async () => {
      vault = await makeVault();
      file = path.join(vault.home, 'rc');
      writeFileSync(file, await vault.ok(['rc', shell.name]));
      installIn(vault);
    });
    after(() => vault.remove());

    test('does nothing in a shell that is not interactive', async () => {
      const list = shell.name === 'fish' ? 'functions -a' : 'typeset -f';
      const outcome = await runProgram(shell.name, ['-c', `. ${file}; ${list}`], vault, {
        env: { VAULT_SHELL_SESSION: '1-a' },
      });
      assert.equal(outcome.code, 0, outcome.stderr);
      assert.equal(outcome.stderr, '');
      assert.ok(!outcome.stdout.includes('__vault_shell'));
    });

    test(
      'prints nothing and starts no process when it is loaded',
      { skip: missing('strace') },
      async () => {
        const trace = path.join(vault.home, 'trace');
        const quiet = { bash: ['--norc'], zsh: ['-f'], fish: ['--no-config'] }[shell.name];
        const calls = ['-f', '-e', 'trace=/^(v?fork|clone3?)$', '-o', trace];
        const { stdout, stderr } = await runProgram(
          'strace',
          [...calls, shell.name, ...quiet, '-i', '-c', `. ${file}`],
          vault,
          { env: { VAULT_SHELL_SESSION: '1-a' } },
        );
        // bash misses its terminal.
        assert.deepEqual([stdout, stderr.replaceAll(/^bash: .*\n/gm, '')], ['', '']);
        const started = readFileSync(trace, 'utf8').split('\n');
        assert.deepEqual(
          started.filter((line) => /fork|clone/.test(line) && !line.includes('CLONE_THREAD')),
          [],
        );
      },
    );
  });
}
