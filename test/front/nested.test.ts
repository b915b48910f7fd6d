import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, createReadStream, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAIN, makeVault, randomValue, runProgram, type TestVault } from '../support/cli.ts';
import { front, openInside, type Inside } from './inside.ts';

const SHELL = front('vault-sh');

describe('a nested session in pipes', () => {
  let vault: TestVault;
  let inside: Inside;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    await vault.set('other', randomValue());
    await vault.ok(['policy', 'other', '--program', '/bin/false']);
    inside = openInside(vault);
  });
  after(async () => {
    await inside.close();
    vault.remove();
  });

  for (const [what, file, args] of [
    ['vault-sh', SHELL, ['-c']],
    ['vault-shell', front('vault-shell'), ['-c']],
    ['vault-shell --', front('vault-shell'), ['--', 'sh', '-c']],
    ['vault-shell run', front('vault-shell'), ['run', 'sh', '-c']],
    ['node main.js', process.execPath, [MAIN, '-c']],
    ['node main.js run', process.execPath, [MAIN, 'run', '--', 'sh', '-c']],
  ] as const) {
    test(`${what}: resolves placeholders, with a row, masks both outputs and gives the exit code [G1]`, async () => {
      const rows = (await vault.audit()).length;
      const script = '/bin/echo "out $VAULT<t>"; /bin/echo "err $VAULT<t>" >&2; exit 7';
      assert.deepEqual(await inside.run(file, [...args, script]), {
        code: 7,
        stdout: 'out ***\n',
        stderr: 'err ***\n',
      });
      const [last, ...more] = await vault.audit();
      assert.equal(more.length, rows + 1);
      assert.deepEqual([last?.secrets, last?.exit_code, last?.outcome], [['t'], 0, 'ran']);
    });
  }

  test('the program gets the value, the shells before it the placeholder', async () => {
    const script = `${SHELL} -c 'echo "$VAULT<t>"; printf %s "$VAULT<t>" | cat; sh -c "exec /usr/bin/printf %s \\"\\$1\\"" x "$VAULT<t>" | wc -c'`;
    const { stdout } = await inside.run(SHELL, ['-c', script]);
    assert.equal(stdout, `$VAULT<t>\n$VAULT<t>${value.length}\n`);
    const args = ['-c', '/usr/bin/printf %s "$1" | wc -c; echo "$1"', 'n', '$VAULT<t>'];
    for (const argv of [
      [SHELL, ...args],
      [process.execPath, MAIN, ...args],
      [process.execPath, '--no-warnings', MAIN, '--', 'sh', ...args],
    ]) {
      const outcome = await inside.run('/usr/bin/env', argv);
      assert.equal(outcome.stdout, `${value.length}\n$VAULT<t>\n`, outcome.stderr);
    }
  });

  test('run gives secrets as variables, also to a shell, with one row', async () => {
    const rows = (await vault.audit()).length;
    const script = 'printf %s "$TOKEN" | wc -c; echo "$TOKEN$t"; exit 3';
    const args = ['run', '-s', 't=TOKEN', '--secret=t', '--', 'sh', '-c', script];
    const outcome = await inside.run(front('vault-shell'), args, { env: { TOKEN: 'old' } });
    assert.deepEqual(outcome, { code: 3, stdout: `${value.length}\n******\n`, stderr: '' });
    const [last, ...more] = await vault.audit();
    assert.equal(more.length, rows);
    assert.deepEqual([last?.secrets, last?.exit_code], [['t'], 3]);
  });

  test('a shell that the loader takes no hook into is not started: 125 [G4]', async () => {
    const shell = path.join(vault.home, 'own-shell');
    copyFileSync('/bin/sh', shell);
    chmodSync(shell, 0o4755);
    assert.deepEqual(await inside.run(front('vault-shell'), ['--shell', shell, '-c', 'echo ran']), {
      code: 125,
      stdout: '',
      stderr: `vault-shell: error: the hook cannot be loaded into ${shell}\n`,
    });
  });

  test('nothing that opens a vault, or answers for a human, reaches the program [G7]', async () => {
    const env = {
      VAULT_SHELL_HEXKEY: 'k',
      VAULT_SHELL_PASSPHRASE: 'p',
      VAULT_SHELL_APPROVE: 'once',
      VAULT_SHELL_UNKNOWN: 'x',
      VAULT_SHELL_LITERAL: '1',
    };
    const script = 'env | grep ^VAULT_SHELL_ | cut -d= -f1 | sort | xargs';
    for (const [file, args] of [
      [SHELL, ['-c', script]],
      [front('vault-shell'), ['run', '-s', 't', 'sh', '-c', script]],
      [process.execPath, [MAIN, '-c', script]],
    ] as const) {
      const { stdout } = await inside.run(file, args, { env });
      const kept = ['DIR', 'LITERAL', 'SESSION', 'SOCKET'].map((name) => `VAULT_SHELL_${name}`);
      assert.equal(stdout, `${kept.join(' ')}\n`);
    }
  });

  test('what is denied does not run: 126 [G4]', async () => {
    for (const args of [
      ['run', '-s', 'nope', 'sh', '-c', 'echo ran'],
      ['run', '-s', 'other', 'sh', '-c', 'echo ran'],
      ['--', '/bin/echo', 'ran', '$VAULT<nope>'],
      ['--', '/bin/echo', 'ran', '$VAULT<t'],
      ['--', '/bin/echo', 'ran', '$VAULT<other>'],
    ]) {
      const { code, stdout, stderr } = await inside.run(front('vault-shell'), args);
      assert.deepEqual([code, stdout], [126, ''], args.join(' '));
      assert.match(stderr, /^vault-shell: error: [^\n]* was not run\n$/);
      const [last] = await vault.audit();
      assert.equal(last?.outcome, 'denied');
    }
  });

  test('a program that is missing is 127, one that cannot be executed 126', async () => {
    for (const [program, code] of [
      ['no-such-program', 127],
      ['./no/such', 127],
      ['', 127],
      ['/etc/passwd', 126],
      ['/', 126],
    ] as const) {
      const outcome = await inside.run(front('vault-shell'), ['--', program]);
      assert.deepEqual([outcome.code, outcome.stdout], [code, ''], program);
      assert.match(outcome.stderr, /^vault-shell: error: .*\n$/);
    }
  });

  test('values are masked split over writes, in both outputs, and encoded [G1]', async () => {
    const [head, tail] = [value.slice(0, 9), value.slice(9)];
    const parts = `printf a${head}; printf b${head} >&2; sleep 0.1; printf ${tail}c; printf ${tail}d >&2`;
    const split = await inside.run(SHELL, ['-c', parts]);
    assert.deepEqual(split, { code: 0, stdout: 'a***c', stderr: 'b***d' });
    const encoded = await inside.run(SHELL, ['-c', '/usr/bin/printf %s "$VAULT<t>" | base64']);
    assert.equal(encoded.stdout, '***\n');
  });

  test('five megabytes pass byte for byte; the order of 2>&1 stays [G2]', async () => {
    const script = 'seq 700000';
    const { stdout, stderr } = await inside.run(SHELL, ['-c', script]);
    const bare = await inside.run('/bin/sh', ['-c', script]);
    const sum = (text: string): string => createHash('sha256').update(text).digest('hex');
    assert.equal(sum(stdout), sum(bare.stdout));
    assert.ok(stdout.length > 4_000_000 && stderr === '');
    const mixed = 'for i in $(seq 300); do echo out $i; echo err $i >&2; done';
    const ordered = await inside.run('/bin/sh', ['-c', `${SHELL} -c '${mixed}' 2>&1`]);
    const lines = Array.from({ length: 300 }, (_, i) => `out ${i + 1}\nerr ${i + 1}\n`).join('');
    assert.equal(ordered.stdout, lines);
  });

  test('a reader that leaves ends the program with SIGPIPE, quietly', async () => {
    const script = `${SHELL} -c 'yes; echo $? >&2; exit 5' | head -1; echo after`;
    const { stdout, stderr } = await inside.run('/bin/sh', ['-c', script]);
    assert.deepEqual([stdout, stderr], ['y\nafter\n', '141\n']);
  });

  test('output that cannot be written is an error', async () => {
    const { code, stderr } = await inside.run('/bin/sh', ['-c', `${SHELL} -c 'echo x' >/dev/full`]);
    assert.equal(code, 125);
    assert.match(stderr, /^vault-shell: error: cannot write the output: No space left/);
  });

  test("a program in the background keeps the outputs open, and the code is the first program's", async () => {
    const nested = `${SHELL} -c '{ read line <late; echo "late $line"; } & echo early; exit 6'`;
    const script = `mkfifo late; { ${nested}; echo "code $?"; } | { read first; echo "$first"; echo go >late; cat; }`;
    const { stdout } = await inside.run('/bin/sh', ['-c', script]);
    assert.equal(stdout, 'early\nlate go\ncode 6\n');
  });

  for (const signal of ['TERM', 'HUP', 'INT', 'QUIT']) {
    test(`SIG${signal} to it reaches the program`, async () => {
      const script = `trap 'echo told; exit 9' ${signal}; kill -${signal} $PPID; while :; do sleep 0.01; done`;
      assert.deepEqual(await inside.run(SHELL, ['-c', script]), {
        code: 9,
        stdout: 'told\n',
        stderr: '',
      });
    });
  }

  test('after a signal, those who still hold the outputs are not waited for', async () => {
    const script = 'sleep 1000 & echo $!; kill -TERM $PPID; wait';
    const { code, stdout } = await inside.run(SHELL, ['-c', script]);
    process.kill(Number(stdout), 'SIGKILL');
    assert.equal(code, 143);
  });

  test('a signal that is ignored around it stays ignored', async () => {
    const script = `trap '' HUP; ${SHELL} -c 'kill -HUP $PPID; kill -HUP $$; echo there'`;
    const { code, stdout } = await inside.run('/bin/sh', ['-c', script]);
    assert.deepEqual([code, stdout], [0, 'there\n']);
  });

  test('who kills the process group kills all of it', async () => {
    const outcome = await inside.run(SHELL, ['-c', 'sleep 1000 & echo out; kill -KILL 0']);
    assert.equal(outcome.code, 137);
  });

  test('twenty at once: each has its own output, masked', async () => {
    const all = Array.from({ length: 20 }, (_, n) =>
      inside.run(SHELL, ['-c', `/bin/echo "${n} $VAULT<t>"; seq 2000; /bin/echo "$VAULT<t>" >&2`]),
    );
    const numbers = Array.from({ length: 2000 }, (_, n) => `${n + 1}\n`).join('');
    (await Promise.all(all)).forEach((outcome, n) => {
      assert.deepEqual(outcome, { code: 0, stdout: `${n} ***\n${numbers}`, stderr: '***\n' });
    });
  });

  test('the lines of several that write into one pipe stay whole', async () => {
    const script = `for i in $(seq 20); do ${SHELL} -c 'echo a line of text 123' & done; wait`;
    const { stdout } = await inside.run('/bin/sh', ['-c', script]);
    assert.equal(stdout, 'a line of text 123\n'.repeat(20));
  });

  test('a nested session that nobody reads keeps no other waiting', async () => {
    const script = `mkfifo stuck; ${SHELL} -c 'yes' >stuck & exec 3<stuck; ${SHELL} -c 'seq 3'; kill $!`;
    const { stdout } = await inside.run('/bin/sh', ['-c', script]);
    assert.equal(stdout, '1\n2\n3\n');
  });

  test('a program outside of the session gets no filter', async () => {
    const script = 'echo "$VAULT_SHELL_SOCKET $VAULT_SHELL_SESSION"';
    const { stdout } = await inside.run('/bin/sh', ['-c', script]);
    const [socket = '', session = ''] = stdout.trim().split(' ');
    const env = { VAULT_SHELL_SOCKET: socket, VAULT_SHELL_SESSION: session };
    const outcome = await runProgram(SHELL, ['-c', 'echo ran'], vault, { env });
    const why = 'the asking process is not of this session';
    assert.deepEqual(outcome, { code: 125, stdout: '', stderr: `vault-shell: error: ${why}\n` });
  });

  test('another id of a session, or half of an environment, is 125', async () => {
    for (const env of [
      { VAULT_SHELL_SESSION: '1-ab' },
      { VAULT_SHELL_SOCKET: '/no/such/socket' },
      { VAULT_SHELL_SOCKET: 'relative' },
    ]) {
      for (const [file, ...args] of [[SHELL], [process.execPath, MAIN]] as const) {
        const outcome = await inside.run(file, [...args, '-c', 'echo ran'], { env });
        assert.deepEqual([outcome.code, outcome.stdout], [125, '']);
        assert.match(outcome.stderr, /^vault-shell: error: [^\n]*\n$/);
      }
    }
  });

  test('--vault names a vault of its own: that session is no nested one', async () => {
    const env = { VAULT_SHELL_HEXKEY: vault.environment['VAULT_SHELL_HEXKEY'] ?? '' };
    const script = 'echo $VAULT_SHELL_SESSION';
    const args = ['--vault', vault.directory, '-c', script];
    const [own, outer] = await Promise.all([
      inside.run(front('vault-shell'), args, { env }),
      inside.run('/bin/sh', ['-c', script]),
    ]);
    assert.match(own.stdout, /^\d+-\w+\n$/);
    assert.notEqual(own.stdout, outer.stdout);
  });
});

describe('when the outer session goes away', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
  });
  after(() => vault.remove());

  test('the nested one hangs its program up, shows nothing more and ends with 125', async () => {
    const inside = openInside(vault);
    const report = path.join(vault.home, 'report');
    execFileSync('mkfifo', [report]);
    const stream = createReadStream(report);
    let text = '';
    stream.on('data', (chunk) => (text += String(chunk)));
    writeFileSync(
      path.join(vault.home, 'inner.sh'),
      `trap 'echo ${value}; echo hung-up >&4; exit' HUP; echo shown; echo started >&4; while :; do sleep 0.01; done`,
    );
    const script = `trap '' PIPE; exec 4>report; ${SHELL} inner.sh >out 2>err; echo "code $?" >&4`;
    void inside.run('/bin/sh', ['-c', script]);
    while (!text.includes('started')) await once(stream, 'data');
    inside.session.kill('SIGKILL');
    await once(stream, 'end');
    assert.equal(text, 'started\nhung-up\ncode 125\n');
    // Its end may have been held, as the start of a value.
    assert.ok('shown\n'.startsWith(readFileSync(path.join(vault.home, 'out'), 'utf8')));
    assert.equal(
      readFileSync(path.join(vault.home, 'err'), 'utf8'),
      'vault-shell: error: the session ended before its program; the rest of the output is not shown\n',
    );
  });

  test('nothing nests in it any more: one line, 125, nothing ran', async () => {
    const env = {
      VAULT_SHELL_SOCKET: path.join(vault.home, 'broker'),
      VAULT_SHELL_SESSION: '1-ab',
    };
    for (const [file, ...args] of [
      [front('vault-bash'), '-c', 'echo ran'],
      [front('vault-shell'), 'run', 'echo', 'ran'],
      [process.execPath, MAIN, '--', 'echo', 'ran'],
    ] as const) {
      const { code, stdout, stderr } = await runProgram(file, args, vault, { env });
      assert.deepEqual([code, stdout], [125, ''], file);
      assert.match(stderr, /^vault-shell: error: the session's broker gave no answer[^\n]*\n$/);
    }
  });
});
