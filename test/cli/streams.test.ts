import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import {
  MAIN,
  makeVault,
  randomValue,
  runProgram,
  type Outcome,
  type TestVault,
} from '../support/cli.ts';
import { openOuterShell, withTerminal } from './on-terminal.ts';

/** Stands for `vault-shell` in the scripts below. */
const VAULT_SHELL = `'${process.execPath}' '${MAIN}'`;

/** No value begins with one, and there are more than backspaces are followed for. */
const DOTS = '.'.repeat(12);

describe('in pipes', () => {
  let vault: TestVault;
  const value = randomValue();
  const noise = randomBytes(1_000_000);
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    writeFileSync(path.join(vault.home, 'noise'), noise);
    writeFileSync(path.join(vault.home, 'value'), value);
  });
  after(() => vault.remove());

  /** Runs a script of the person's own shell, outside of any session. */
  function outside(script: string): Promise<Outcome> {
    return runProgram(
      '/bin/bash',
      ['-c', script.replaceAll('vault-shell', VAULT_SHELL)],
      vault,
      {},
    );
  }

  function start(script: string): ChildProcessWithoutNullStreams {
    const env = { ...vault.environment, DOTS };
    return spawn(process.execPath, [MAIN, '-c', script], { env, cwd: vault.home, detached: true });
  }

  function fileOf(name: string): Buffer {
    return readFileSync(path.join(vault.home, name));
  }

  test('the shell of an ssh without a terminal answers who waits for the end of an answer', async () => {
    // What it is started by tells; by this name it is an ssh server.
    const server = path.join(vault.home, 'sshd');
    copyFileSync('/bin/dash', server);
    const ask = 'printf "answer t"; read -r more; printf "more: %s" "$more"';
    const child = spawn(server, ['-c', `${VAULT_SHELL} -c '${ask}'; :`], {
      env: vault.environment,
      cwd: vault.home,
      detached: true,
    });
    const closed = once(child, 'close');
    let output = '';
    for await (const chunk of child.stdout) {
      output += String(chunk);
      // It begins the value, so in any other pipe its last letter would wait for what follows.
      if (output === 'answer t') child.stdin.end('please\n');
    }
    await closed;
    assert.equal(output, 'answer tmore: please');
  });

  for (const [what, script] of [
    ['a pipe to a pipe', 'cat noise | vault-shell -c cat | cat >copy'],
    ['a file to a file', 'vault-shell -c cat <noise >copy'],
    ['a file to a file, opened for appending', ': >copy; vault-shell -c cat <noise >>copy'],
    ['run', 'cat noise | vault-shell run cat | cat >copy'],
    ['a program', 'cat noise | vault-shell -- cat | cat >copy'],
    ['stderr', 'cat noise | vault-shell -c "cat >&2" 2>copy'],
    ['redact', 'cat noise | vault-shell redact | cat >copy'],
  ] as const) {
    test(`a million random bytes come through as they are: ${what}`, async () => {
      const { code, stderr } = await outside(script);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.ok(fileOf('copy').equals(noise));
    });
  }

  test('the two streams stay apart, and both are masked', async () => {
    const { code } = await outside(
      `vault-shell -c 'cat value; echo " o"; cat value >&2; echo " e" >&2' >out 2>err`,
    );
    assert.equal(code, 0);
    assert.deepEqual([fileOf('out').toString(), fileOf('err').toString()], ['*** o\n', '*** e\n']);
  });

  test('joined by 2>&1 they keep their order', async () => {
    const script = 'for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done; cat value >&2';
    const expected = `${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `o${n}\ne${n}\n`).join('')}***`;
    const piped = await outside(`vault-shell -c '${script}' 2>&1 | cat`);
    assert.equal(piped.stdout, expected);
    await outside(`vault-shell -c '${script}' >both 2>&1`);
    assert.equal(fileOf('both').toString(), expected);
  });

  test('a value written to a file by the session is the file’s business; one shown is not', async () => {
    await outside(`vault-shell -c '/bin/echo "$VAULT<t>" >inside; cat inside' >shown`);
    assert.equal(fileOf('inside').toString(), `${value}\n`);
    assert.equal(fileOf('shown').toString(), '***\n');
  });

  for (const [what, redirection, expected] of [
    ['stdin', '<&-', { out: 'out\n', err: 'err\n' }],
    ['stdout', '>&-', { out: '', err: 'err\n' }],
    ['stderr', '2>&-', { out: 'out\n', err: '' }],
    ['all', '<&- >&- 2>&-', { out: '', err: '' }],
  ] as const) {
    test(`closed ${what}: the command runs, and the rest is as ever`, async () => {
      const command = `vault-shell -c 'touch ran; echo out; echo err >&2; exit 5' ${redirection}`;
      const { stdout, stderr } = await outside(
        `rm -f ran; { ${command}; } 2>err >out; echo $?; cat out; cat err; ls ran`,
      );
      assert.equal(stderr, '');
      assert.equal(stdout, `5\n${expected.out}${expected.err}ran\n`);
    });
  }

  test('a closed stdin is an empty one for set and redact', async () => {
    const set = await outside('vault-shell set x <&-');
    assert.equal(set.code, 1);
    assert.match(set.stderr, /the value is shorter/);
    assert.deepEqual(await outside('vault-shell redact <&-'), { code: 0, stdout: '', stderr: '' });
  });

  test('a reader that leaves ends the writer, as without a session', async () => {
    const { stdout, stderr } = await outside(
      `vault-shell -c 'yes; exit $?' | head -n 1; echo "\${PIPESTATUS[0]}"`,
    );
    assert.deepEqual({ stdout, stderr }, { stdout: 'y\n141\n', stderr: '' });
    const programs = await outside(`vault-shell -- yes | head -n 1; echo "\${PIPESTATUS[0]}"`);
    assert.equal(programs.stdout, 'y\n141\n');
  });

  test('a command that reads only some of its input leaves the rest to the next', async () => {
    const { stdout } = await outside(
      `printf 'one\\ntwo\\nthree\\n' | { vault-shell -c 'read x; echo "got $x"'; cat; }`,
    );
    assert.equal(stdout, 'got one\ntwo\nthree\n');
  });

  // The dots: what may be the start of a value, or be laid bare by backspaces, comes with what follows it.
  test('output comes as it is written, not at the end', async () => {
    const child = start('echo first$DOTS; read x; echo "then $x$DOTS"');
    try {
      await readUntil(child.stdout, `first${DOTS}\n`);
      child.stdin.end('this\n');
      await readUntil(child.stdout, `then this${DOTS}\n`);
      const [code]: unknown[] = await once(child, 'close');
      assert.equal(code, 0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    test(`${signal} to vault-shell reaches the command, whose end it is`, async () => {
      const child = start('echo ready$DOTS; exec sleep 1000');
      try {
        await readUntil(child.stdout, `${DOTS}\n`);
        child.kill(signal);
        const [ended]: unknown[] = await once(child, 'close');
        assert.equal(ended, code);
      } finally {
        child.kill('SIGKILL');
      }
    });
  }
});

describe('with one end on a terminal', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
  });
  after(() => vault.remove());

  const INSIDE = `for fd in 0 1 2; do test -t $fd && printf $fd; done; /bin/echo " $VAULT<t>"`;
  for (const [what, line, expected] of [
    ['stdin a pipe', `echo x | vault-shell -c '${INSIDE}'`, ' ***'],
    ['stdout a pipe', `vault-shell -c '${INSIDE}' | cat`, '0 ***'],
    ['stdin and stdout pipes', `echo x | vault-shell -c '${INSIDE}' | cat`, ' ***'],
    ['stdout a file', `vault-shell -c '${INSIDE}' >out; cat out`, '0 ***'],
    ['stderr a file', `vault-shell -c '${INSIDE}' 2>err`, '012 ***'],
  ] as const) {
    test(`${what}: the lines are whole, and the person's shell goes on`, async () => {
      await withTerminal(await openOuterShell(vault), async (terminal) => {
        terminal.send(`stty -g >before; ${line}; stty -g >after; echo "code $?"\r`);
        await terminal.waitFor('code 0');
        await terminal.waitFor('outer$ ');
        const shown = (await terminal.screen()).split('\n').map((text) => text.trimEnd());
        assert.ok(shown.includes(expected.trimEnd()), shown.join('\n'));
        const [modesBefore, modesAfter] = ['before', 'after'].map((name) =>
          readFileSync(path.join(vault.home, name), 'utf8'),
        );
        assert.equal(modesAfter, modesBefore);
      });
    });
  }

  test('an interactive program whose output is piped can still be typed to, and Ctrl-C ends it', async () => {
    await withTerminal(await openOuterShell(vault, { DOTS }), async (terminal) => {
      terminal.send(`vault-shell -c 'echo up$DOTS; cat; echo not reached' | cat\r`);
      await terminal.waitFor('\n');
      await terminal.waitFor(`up${DOTS}`);
      terminal.send(`typed${DOTS}\r`);
      await terminal.waitFor(`typed${DOTS}\r\ntyped${DOTS}`);
      terminal.send('\x03');
      await terminal.waitFor('outer$ ');
      assert.ok(!(await terminal.screen()).split('\n').includes('not reached'));
    });
  });
});

/** Waits for text that ends what has come so far. */
async function readUntil(stream: Readable, end: string): Promise<void> {
  let text = '';
  while (!text.endsWith(end)) {
    const [chunk]: unknown[] = await once(stream, 'data');
    text += String(chunk);
  }
}
