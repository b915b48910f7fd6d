import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
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

/** Stands for `vault-shell` in the scripts below. */
const VAULT_SHELL = `'${process.execPath}' '${MAIN}'`;
const MEBIBYTE = 1024 * 1024;

describe('redact', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    write('big', `${value} and more\n`.repeat(200_000));
    execFileSync('mkfifo', [at('fifo')]);
  });
  after(() => vault.remove());

  function at(name: string): string {
    return path.join(vault.home, name);
  }

  function write(name: string, bytes: string | Buffer): void {
    writeFileSync(at(name), bytes);
  }

  function outside(script: string): Promise<Outcome> {
    const expanded = script.replaceAll('vault-shell', VAULT_SHELL);
    return runProgram('/bin/bash', ['-c', expanded], vault, {});
  }

  describe('what is no value comes out as it went in [G2]', () => {
    for (const [what, bytes] of [
      ['bytes of every kind, at random', randomBytes(MEBIBYTE + 1)],
      ['every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
      ['cut UTF-8', Buffer.from([0x61, 0xc3, 0xe2, 0x82, 0xf0, 0x9f, 0x98, 0x0a, 0xe2, 0x82])],
      ['CRLF', Buffer.from('one\r\ntwo\r\n\r\nthree\r\n')],
      ['CR alone, and no last line end', Buffer.from('one\rtwo\r\nthree')],
      ['a byte-order mark', Buffer.from('\ufeffone\n', 'utf8')],
      ['NULs', Buffer.alloc(200_000)],
      ['escape sequences that never end', Buffer.from('\x1b]0;title and \x1b[31')],
      ['nothing', Buffer.alloc(0)],
    ] as const) {
      test(what, async () => {
        write('in', bytes);
        const script = 'vault-shell redact in >one; cat in | vault-shell redact | cat >other';
        assert.deepEqual(await outside(script), { code: 0, stdout: '', stderr: '' });
        assert.ok(readFileSync(at('one')).equals(bytes), 'a file to a file');
        assert.ok(readFileSync(at('other')).equals(bytes), 'a pipe to a pipe');
      });
    }
  });

  test('- is stdin, a file of that name is ./-', async () => {
    write('-', `file ${value}`);
    const input = `stdin ${value}`;
    assert.equal(await vault.ok(['redact', '-'], { input }), 'stdin ***');
    assert.equal(await vault.ok(['redact', '--', '-'], { input }), 'stdin ***');
    assert.equal(await vault.ok(['redact', './-'], { input }), 'file ***');
    assert.equal((await vault.run(['redact', '-', 'x'], { input })).code, 2);
  });

  test('a FIFO is read to its end', async () => {
    const { stdout } = await outside('cat big >fifo & vault-shell redact fifo | tail -n 1; wait');
    assert.equal(stdout, '*** and more\n');
  });

  describe('what cannot be read is one line, and exit code 1', () => {
    for (const [what, command, message] of [
      ['a file that is not there', 'redact missing.log', 'cannot read missing.log: ENOENT'],
      ['an empty name', 'redact ""', 'cannot read : ENOENT'],
      ['a directory', 'redact vault', 'cannot read vault: EISDIR'],
      ['a directory as stdin', 'redact <vault', 'cannot read the standard input: EISDIR'],
      ['a stdin to write to', 'redact 0>written', 'cannot read the standard input: EBADF'],
      ['a name with escapes', `redact $'a\\e[31m'`, 'cannot read a\\x1b[31m: ENOENT'],
    ] as const) {
      test(what, async () => {
        assert.deepEqual(await outside(`vault-shell ${command}`), {
          code: 1,
          stdout: '',
          stderr: `vault-shell: error: ${message}\n`,
        });
      });
    }

    const asRoot = process.getuid?.() === 0 && 'root may read everything';
    test('a file of mode 0', { skip: asRoot }, async () => {
      write('closed', 'x');
      chmodSync(at('closed'), 0);
      const { code, stderr } = await vault.run(['redact', 'closed']);
      assert.equal(code, 1);
      assert.equal(stderr, 'vault-shell: error: cannot read closed: EACCES\n');
    });

    test('before anything is asked or unlocked', async () => {
      const { stderr } = await vault.run(['redact', 'missing.log'], {
        env: { VAULT_SHELL_HEXKEY: undefined },
      });
      assert.match(stderr, /cannot read missing\.log/);
    });
  });

  for (const [what, command] of [
    ['FILE', 'redact log >>log'],
    ['stdin', 'redact <log >>log'],
  ] as const) {
    test(`a file is not appended to itself without end: ${what}`, async () => {
      write('log', `${value}\n`);
      const { code, stderr } = await outside(`vault-shell ${command}`);
      assert.equal(code, 1);
      assert.match(stderr, /^vault-shell: error: .* is the file that the output goes to\n$/);
      assert.equal(readFileSync(at('log'), 'utf8'), `${value}\n`);
    });
  }

  describe('a reader that leaves ends it quietly, with 141, as it ends cat', () => {
    for (const [what, left] of [
      ['FILE', 'vault-shell redact big'],
      ['stdin', 'cat big | vault-shell redact'],
      ['a FIFO whose writer goes on', 'yes >fifo & vault-shell redact fifo'],
    ] as const) {
      test(what, async () => {
        const { stdout, stderr } = await outside(`${left} | head -c 3; echo " \${PIPESTATUS[@]}"`);
        assert.match(stdout, /^(\*\*\*|y\ny) (141 )?141 0\n$/);
        assert.equal(stderr, '');
      });
    }

    test('also when it reads nothing', async () => {
      const { stdout, stderr } = await outside(
        'mkfifo gone; exec 3<>gone 4>gone 3<&-; ' +
          `vault-shell redact big >&4; echo $?; echo short ${value} | vault-shell redact >&4; echo $?`,
      );
      assert.deepEqual({ stdout, stderr }, { stdout: '141\n141\n', stderr: '' });
    });
  });

  const noFull = existsSync('/dev/full') ? false : 'there is no /dev/full';
  test('output that is lost on a full disk is an error', { skip: noFull }, async () => {
    assert.deepEqual(await outside('vault-shell redact big >/dev/full'), {
      code: 1,
      stdout: '',
      stderr: 'vault-shell: error: cannot write the output: ENOSPC\n',
    });
  });
});
