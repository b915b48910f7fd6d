import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeVault, randomValue, type Outcome, type TestVault } from '../support/cli.ts';
import { linesOf, openOnTerminal, openOuterShell, readJson, withTerminal } from './on-terminal.ts';

const NO_TRACE = /^(vault-shell: (error|hint): .*\n)+$/;

describe('set', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
  });
  after(() => vault.remove());

  /** What a program is given: nothing of a value may be shown, its hash may. */
  async function storedHash(name: string): Promise<string> {
    const script = 'import hashlib,os;print(hashlib.sha256(os.environb[b"V"]).hexdigest())';
    const args = ['run', '-s', `${name}=V`, '--', 'python3', '-c', script];
    return (await vault.ok(args)).trim();
  }

  async function attributesOf(name: string): Promise<Record<string, unknown>> {
    return readJson<Record<string, unknown>>(await vault.ok(['show', name, '--json']));
  }

  async function refused(args: readonly string[], input: string | Buffer): Promise<Outcome> {
    const unchanged = await vault.ok(['list', '--json']);
    const outcome = await vault.run(['set', ...args], { input });
    assert.notEqual(outcome.code, 0);
    assert.equal(outcome.stdout, '');
    assert.match(outcome.stderr, NO_TRACE);
    assert.equal(await vault.ok(['list', '--json']), unchanged);
    return outcome;
  }

  const STDIN: readonly [string, string, string][] = [
    ['a line end is cut', 'v4lue-of-it\n', 'v4lue-of-it'],
    ['only one is', 'v4lue-of-it\n\n', 'v4lue-of-it\n'],
    ['CR LF is one line end', 'v4lue-of-it\r\n', 'v4lue-of-it'],
    ['a CR alone is none', 'v4lue-of-it\r', 'v4lue-of-it\r'],
    ['blanks around it and lines within stay', '  two\n\tlines ', '  two\n\tlines '],
    ['a byte order mark stays', '\uFEFFv4lue-of-it', '\uFEFFv4lue-of-it'],
    ['text of any script stays', 'пароль-密码-🔑', 'пароль-密码-🔑'],
  ];
  for (const [what, input, expected] of STDIN) {
    test(`from stdin: ${what}`, async () => {
      const { code, stdout, stderr } = await vault.run(['set', 'stdin'], { input });
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' });
      assert.equal(await storedHash('stdin'), sha256(expected));
    });
  }

  test('--from-file takes the file byte for byte, its last line end too', async () => {
    const key = `-----BEGIN KEY-----\r\n${randomBytes(30).toString('base64')}\n-----END KEY-----\r\n`;
    writeFileSync(path.join(vault.home, 'key.pem'), key);
    await vault.ok(['set', 'file', '--from-file', 'key.pem'], { input: 'not this one' });
    assert.equal(await storedHash('file'), sha256(key));
  });

  test('--from-file names what it cannot read', async () => {
    const missing = await refused(['x', '--from-file', 'no-such-file'], '');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /cannot read no-such-file: ENOENT\n/);
    const directory = await refused(['x', '--from-file', '.'], '');
    assert.match(directory.stderr, /cannot read \.: EISDIR\n/);
  });

  test('64 KiB is the most, 4 bytes the least', async () => {
    const most = randomBytes(48 * 1024).toString('base64');
    assert.equal(most.length, 65_536);
    await vault.ok(['set', 'most'], { input: `${most}\n` });
    // Too long for the hash of a variable that `run` gives.
    assert.equal(await vault.ok(['redact'], { input: `<${most}>` }), '<***>');
    await vault.ok(['rm', 'most']);
    const longer = await refused(['longer'], `${most}x`);
    assert.match(longer.stderr, /error: the value is longer than 64 KiB\n$/);
    assert.ok(!longer.stderr.includes(most.slice(0, 8)));
    const shorter = await refused(['shorter', '--allow-weak'], 'abc');
    assert.match(shorter.stderr, /error: the value is shorter than 4 bytes\n$/);
    await vault.ok(['set', 'least', '--allow-weak'], { input: 'ab-1' });
  });

  const BAD: readonly [string, string | Buffer, RegExp][] = [
    ['a NUL byte', 'tok_0123\x00456789', /error: the value has a NUL byte in it\n$/],
    [
      'invalid UTF-8',
      Buffer.from('746f6bff5f30313233', 'hex'),
      /error: the value is not UTF-8 text\n/,
    ],
    ['no value at all', '', /error: the value is shorter than 4 bytes\n$/],
  ];
  for (const [what, input, error] of BAD) {
    test(`${what} is refused, by stdin and by file, with --allow-weak too`, async () => {
      writeFileSync(path.join(vault.home, 'bad'), input);
      for (const [args, given] of [
        [['bad', '--allow-weak'], input],
        [['bad', '--allow-weak', '--from-file', 'bad'], ''],
      ] as const) {
        const { code, stderr } = await refused(args, given);
        assert.equal(code, 1);
        assert.match(stderr, error);
      }
    });
  }

  for (const [what, weak] of [
    ['a short value', 'x9-Q2'],
    ['a plain word', 'correcthorse'],
    ['a plain number', '1234567890'],
    ['one character repeated', '############'],
    ['blanks', '          '],
  ] as const) {
    test(`${what} is refused with a hint, and taken with --allow-weak`, async () => {
      const { code, stderr } = await refused(['weak'], weak);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^vault-shell: error: the value is .*\nvault-shell: hint: .*--allow-weak\n$/,
      );
      assert.ok(!stderr.includes(weak.trim() === '' ? weak : weak.trim()));
      await vault.ok(['set', 'weak', '--allow-weak'], { input: weak });
      assert.equal(await vault.ok(['redact'], { input: `[${weak}]` }), '[***]');
      await vault.ok(['rm', 'weak']);
    });
  }

  for (const name of ['1st', 'a b', 'naïve', '', 'a\x1b[31mb', '/etc', 'a'.repeat(129), 'a>b']) {
    test(`${JSON.stringify(name).slice(0, 20)} is no name`, async () => {
      const { code, stderr } = await refused([name], randomValue());
      assert.ok(code === 1 || code === 2, stderr);
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      assert.doesNotMatch(stderr, /\x1b/);
    });
  }

  test('names may have all that the grammar allows, and are 128 long at most', async () => {
    for (const name of ['_', 'a'.repeat(128), 'prod/db.main-2_X']) {
      const value = randomValue();
      await vault.ok(['set', name], { input: value });
      assert.equal(await storedHash(name), sha256(value));
    }
  });

  test('a value on the command line is refused and not repeated', async () => {
    const value = randomValue();
    const { code, stderr } = await refused(['arg', value], '');
    assert.equal(code, 2);
    assert.ok(!stderr.includes(value));
    assert.match(stderr, /hint: a value is asked for, or read from stdin or a file/);
  });

  test('a second set changes the value and the attributes that are given, and keeps the others', async () => {
    const input = randomValue();
    await vault.ok(
      ['set', 'kept', '--provider', 'github', '--tags', 'ci,write', '--description', 'first'],
      { input },
    );
    const first = await attributesOf('kept');
    const next = randomValue();
    await vault.ok(['set', 'kept', '--account=bot', '--description', 'second'], { input: next });
    assert.deepEqual(await attributesOf('kept'), {
      ...first,
      account: 'bot',
      description: 'second',
    });
    assert.equal(await storedHash('kept'), sha256(next));
  });

  test('an attribute can be emptied', async () => {
    await vault.ok(['set', 'emptied', '--account', 'me'], { input: randomValue() });
    await vault.ok(['set', 'emptied', '--account', ''], { input: randomValue() });
    assert.equal((await attributesOf('emptied'))['account'], '');
  });

  test('attributes are one clean line, whatever was in them', async () => {
    const dirty = ' \x1b[31mred\x1b[0m\x1b]0;title\x07 two\nlines\ttab\x07\u202E ';
    for (const option of ['provider', 'account', 'environment', 'access', 'tags', 'description']) {
      await vault.ok(['set', 'dirty', `--${option}`, dirty], { input: randomValue() });
    }
    const { provider, account, environment, access, tags, description } =
      await attributesOf('dirty');
    for (const shown of [provider, account, environment, access, tags, description]) {
      assert.match(String(shown), /^red +two lines tab$/);
    }
  });
});

describe('set on a terminal', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
  });
  after(() => vault.remove());

  test('asks without showing what is typed', async () => {
    const value = randomValue();
    await withTerminal(openOnTerminal(vault, { args: ['set', 'typed'] }), async (terminal) => {
      await terminal.waitFor('value of typed: ');
      terminal.send(value.slice(0, 6));
      terminal.send(`wrong${'\x7f'.repeat(5)}${value.slice(6)}\r`);
      assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
      assert.deepEqual(await linesOf(terminal), ['vault-shell: value of typed:']);
      assert.equal(terminal.output().toString(), 'vault-shell: value of typed: \r\n');
    });
    assert.equal(await vault.ok(['redact'], { input: `[${value}]` }), '[***]');
  });

  test('asks on the terminal even when its output goes elsewhere', async () => {
    const value = randomValue();
    await withTerminal(await openOuterShell(vault), async (terminal) => {
      terminal.send('vault-shell set elsewhere >out 2>&1; echo "code $?"\r');
      await terminal.waitFor('value of elsewhere: ');
      terminal.send(`${value}\n`);
      await terminal.waitFor('code 0');
    });
    assert.equal(readFileSync(path.join(vault.home, 'out'), 'utf8'), '');
  });

  for (const [key, bytes] of [
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ] as const) {
    test(`${key} cancels with one line, and nothing is stored`, async () => {
      await withTerminal(
        openOnTerminal(vault, { args: ['set', 'cancelled'] }),
        async (terminal) => {
          await terminal.waitFor('value of cancelled: ');
          // At the start of an empty line, where Ctrl-D means the end.
          if (key === 'Ctrl-C') terminal.send('half a val');
          terminal.send(bytes);
          assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
          assert.deepEqual(await linesOf(terminal), [
            'vault-shell: value of cancelled:',
            'vault-shell: error: cancelled',
          ]);
        },
      );
      assert.ok(!(await vault.ok(['list'])).includes('cancelled'));
    });
  }

  test('several pasted lines are refused: only the first would be the value', async () => {
    const lines = [randomValue(), randomValue(), randomValue()];
    await withTerminal(openOnTerminal(vault, { args: ['set', 'pasted'] }), async (terminal) => {
      await terminal.waitFor('value of pasted: ');
      terminal.send(`${lines.join('\r')}\r`);
      assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
      const [, error = '', hint = ''] = await linesOf(terminal);
      assert.equal(error, 'vault-shell: error: more than one line was given');
      assert.match(hint, /^vault-shell: hint: .*--from-file/);
      for (const line of lines) assert.ok(!terminal.output().includes(line));
    });
    assert.ok(!(await vault.ok(['list'])).includes('pasted'));
  });

  test('a weak value typed is refused like any other', async () => {
    await withTerminal(openOnTerminal(vault, { args: ['set', 'weak'] }), async (terminal) => {
      await terminal.waitFor('value of weak: ');
      terminal.send('password\r');
      assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
      assert.ok(!terminal.output().includes('password'));
    });
  });
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
