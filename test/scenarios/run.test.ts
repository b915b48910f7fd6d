import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAIN, makeVault, randomValue, runProgram, type TestVault } from '../support/cli.ts';

describe('run', () => {
  let vault: TestVault;
  const value = randomValue();
  const other = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    await vault.set('other/one', other);
  });
  after(() => vault.remove());

  test('both streams are redacted and the exit code is the command’s [G1] [G9]', async () => {
    const { code, stdout, stderr } = await vault.run([
      'run',
      '-s',
      't',
      '--',
      'sh',
      '-c',
      'echo $t; echo $t >&2; exit 7',
    ]);
    assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: '***\n', stderr: '***\n' });
    const [row] = await vault.audit();
    assert.deepEqual(
      [row?.secrets, row?.command, row?.cwd, row?.exit_code, row?.outcome],
      [['t'], "sh -c 'echo $t; echo $t >&2; exit 7'", vault.home, 7, 'ran'],
    );
  });

  test('an unknown secret: nothing runs, 126, a denied row [G4]', async () => {
    const { code, stdout, stderr } = await vault.run(['run', '-s', 'nope', '--', 'touch', 'f']);
    assert.equal(code, 126);
    assert.equal(stdout, '');
    assert.equal(stderr, 'vault-shell: error: unknown secret "nope"; touch was not run\n');
    assert.ok(!existsSync(path.join(vault.home, 'f')));
    const [row] = await vault.audit();
    assert.deepEqual([row?.secrets, row?.outcome, row?.exit_code], [['nope'], 'denied', null]);
  });

  test('one unknown of two: neither is released', async () => {
    const { code } = await vault.run(['run', '-s', 't', '-s', 'nope', '--', 'touch', 'f']);
    assert.equal(code, 126);
    assert.ok(!existsSync(path.join(vault.home, 'f')));
    const [row] = await vault.audit();
    assert.deepEqual([row?.secrets, row?.outcome], [['t', 'nope'], 'denied']);
  });

  test('a variable can be named', async () => {
    const { stdout } = await vault.run(['run', '-s', 'other/one=ONE', 'sh', '-c', 'echo ${#ONE}']);
    assert.equal(stdout, `${String(other.length)}\n`);
    const wrong = await vault.run(['run', '-s', 'other/one', 'true']);
    assert.equal(wrong.code, 2);
  });

  test('placeholders in the arguments are resolved, and in what the command starts', async () => {
    const direct = await vault.run(['run', '--', '/bin/echo', 'a $VAULT<t> b']);
    assert.equal(direct.stdout, 'a *** b\n');
    const nested = await vault.run(['run', 'sh', '-c', '/bin/echo "n $VAULT<t>" | cat']);
    assert.equal(nested.stdout, 'n ***\n', nested.stderr);
    const malformed = await vault.run(['run', '--', '/bin/echo', '$VAULT<']);
    assert.equal(malformed.code, 126);
    const [row] = await vault.audit();
    assert.equal(row?.outcome, 'denied');
  });

  test('VAULT_SHELL_LITERAL=1 leaves placeholders as they are, also malformed ones', async () => {
    const rows = await vault.audit();
    const { stdout } = await vault.run(['run', '/bin/echo', '$VAULT<t> $VAULT<'], {
      env: { VAULT_SHELL_LITERAL: '1' },
    });
    assert.equal(stdout, '$VAULT<t> $VAULT<\n');
    assert.deepEqual(await vault.audit(), rows);
  });

  test('stdin reaches the command as it is', async () => {
    const bytes = Buffer.from([0, 1, 2, 255, 254, 10, 13, 10, 27]);
    const { stdout } = await vault.run(['run', '--', 'od', '-An', '-tx1'], { input: bytes });
    assert.equal(stdout.trim(), '00 01 02 ff fe 0a 0d 0a 1b');
  });

  test('a missing command is 127, one that cannot be executed 126, a signal 128+N', async () => {
    assert.equal((await vault.run(['run', 'no-such-command'])).code, 127);
    writeFileSync(path.join(vault.home, 'plain'), 'x', { mode: 0o600 });
    assert.equal((await vault.run(['run', './plain'])).code, 126);
    assert.equal((await vault.run(['run', 'sh', '-c', 'kill -TERM $$'])).code, 143);
  });

  test('nothing that opens a vault reaches the command [G7]', async () => {
    const { stdout } = await vault.run(['run', 'env'], {
      env: { VAULT_SHELL_PASSPHRASE: 'never', LD_PRELOAD: '' },
    });
    assert.ok(!stdout.includes('HEXKEY') && !stdout.includes('PASSPHRASE'), stdout);
    assert.ok(!stdout.includes(vault.environment['VAULT_SHELL_HEXKEY'] ?? '?'));
    assert.match(stdout, /^VAULT=\$VAULT$/m);
  });

  test('secrets of the vault that were not asked for are masked too', async () => {
    const { stdout } = await vault.run(['run', '--', 'printf', '%s', `<${other}>`]);
    assert.equal(stdout, '<***>');
  });

  test('the audit row never holds a value, even one typed into the command', async () => {
    await vault.run(['run', '-s', 't', '--', 'sh', '-c', `: ${other}`]);
    const [row] = await vault.audit();
    assert.equal(row?.command, "sh -c ': ***'");
  });
});

describe('redact', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
  });
  after(() => vault.remove());

  test('stdin and files are filtered, bytes that are not a value stay [G2]', async () => {
    const noise = Buffer.from([0xff, 0xfe, 0, 0x80, 13, 10, 0x1b, 0x5b, 0x33, 0x31, 0x6d]);
    const input = Buffer.concat([noise, Buffer.from(`a ${value} b`)]);
    const file = path.join(vault.home, 'log');
    writeFileSync(file, input);
    const expected = Buffer.concat([noise, Buffer.from('a *** b')]).toString();
    assert.equal(await vault.ok(['redact'], { input }), expected);
    assert.equal(await vault.ok(['redact', file]), expected);
  });

  test('a missing file is one clear line', async () => {
    const { code, stderr } = await vault.run(['redact', 'missing.log']);
    assert.equal(code, 1);
    assert.match(stderr, /^vault-shell: error: cannot read missing\.log: .*\n$/);
  });

  test('a reader that leaves early ends it quietly', async () => {
    const big = path.join(vault.home, 'big');
    writeFileSync(big, `${value} and more\n`.repeat(200_000));
    const { code, stdout, stderr } = await runProgram(
      'sh',
      ['-c', `"${process.execPath}" "${MAIN}" redact big | head -n 1`],
      vault,
      {},
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '*** and more\n', stderr: '' });
  });

  test('values are read from the vault, not kept elsewhere [G6]', async () => {
    const found = ['vault.db', 'vault.json'].map((name) =>
      readFileSync(path.join(vault.directory, name)).includes(value),
    );
    assert.deepEqual(found, [false, false]);
  });
});
