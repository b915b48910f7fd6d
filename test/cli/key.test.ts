import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makePlace, makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { linesOf, openOnTerminal, openOuterShell, readJson, withTerminal } from './on-terminal.ts';

const NO_KEY = { VAULT_SHELL_HEXKEY: '' };

interface ListedSlot {
  readonly id: string;
  readonly kind: string;
  readonly created_at: string;
}

async function slotsOf(vault: TestVault): Promise<ListedSlot[]> {
  return readJson<ListedSlot[]>(await vault.ok(['key', 'list', '--json']));
}

/** A program that prints the vault's key, notes its environment and arguments, and can be made to fail. */
function writeKeyProgram(vault: TestVault, name = 'print-key'): string {
  const file = path.join(vault.home, name);
  writeFileSync(path.join(vault.home, 'key'), vault.environment['VAULT_SHELL_HEXKEY'] ?? '', {
    mode: 0o600,
  });
  writeFileSync(
    file,
    `#!/bin/sh\nenv > '${vault.home}/seen'; printf '%s\\n' "$@" > '${vault.home}/args'\ncat '${vault.home}/key'\n`,
    { mode: 0o755 },
  );
  return file;
}

describe('key', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
  });
  after(() => vault.remove());

  test('a hexkey vault has no slots', async () => {
    assert.equal(await vault.ok(['key', 'list', '--json']), '[]\n');
    assert.match(await vault.ok(['key', 'list']), /^ID +KIND +CREATED\n$/);
  });

  test('a passphrase slot opens it without the hex key; the hex key still does', async () => {
    const { code, stdout, stderr } = await vault.run(['key', 'add', '--key', 'passphrase'], {
      env: { VAULT_SHELL_PASSPHRASE: 'correct horse' },
    });
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: '', stderr: 'vault-shell: added a passphrase slot\n' },
    );
    const env = { ...NO_KEY, VAULT_SHELL_PASSPHRASE: 'correct horse' };
    assert.equal(await vault.ok(['-c', '/bin/echo "$VAULT<t>"'], { env }), '***\n');
    assert.equal(await vault.ok(['redact'], { input: value }), '***');
    const [slot] = await slotsOf(vault);
    assert.deepEqual(Object.keys(slot ?? {}), ['id', 'kind', 'created_at']);
    assert.match(await vault.ok(['key', 'list']), /\n[0-9a-f]{8} +passphrase +\S+Z\n$/);
  });

  test('a command slot is the words after --, whatever they look like', async () => {
    const program = writeKeyProgram(vault);
    await vault.ok(['key', 'add', '--key', 'command', '--', program, '--json', 'a b', '-x=1', '']);
    assert.equal(readFileSync(path.join(vault.home, 'args'), 'utf8'), '--json\na b\n-x=1\n\n');
    assert.equal(await vault.ok(['-c', '/bin/echo "$VAULT<t>"'], { env: NO_KEY }), '***\n');
    assert.equal(readFileSync(path.join(vault.home, 'args'), 'utf8'), '--json\na b\n-x=1\n\n');
    assert.match(await vault.ok(['list'], { env: NO_KEY }), /^t /m);
  });

  test('a key command is given nothing that opens a vault [G7]', async () => {
    const other = await makeVault();
    try {
      const program = writeKeyProgram(other);
      for (const [args, env] of [
        [['key', 'add', '--key', 'command', '--', program], {}],
        [['list'], NO_KEY],
        [['-c', 'true'], NO_KEY],
      ] as const) {
        await other.ok(args, { env: { ...env, VAULT_SHELL_PASSPHRASE: 'correct horse' } });
        const seen = readFileSync(path.join(other.home, 'seen'), 'utf8');
        rmSync(path.join(other.home, 'seen'));
        assert.match(seen, /^HOME=/m);
        assert.doesNotMatch(seen, /HEXKEY|PASSPHRASE|correct horse/);
      }
    } finally {
      other.remove();
    }
  });

  test('a key command named by a relative path is the same program from every directory', async () => {
    const other = await makeVault();
    try {
      writeKeyProgram(other);
      await other.ok(['key', 'add', '--key', 'command', '--', './print-key']);
      mkdirSync(path.join(other.home, 'elsewhere'));
      writeFileSync(path.join(other.home, 'elsewhere', 'print-key'), '#!/bin/sh\ntouch trap\n', {
        mode: 0o755,
      });
      const cwd = path.join(other.home, 'elsewhere');
      assert.equal(await other.ok(['list', '--json'], { env: NO_KEY, cwd }), '[]\n');
    } finally {
      other.remove();
    }
  });

  test('what is no key, or another one, is refused and changes nothing', async () => {
    const unchanged = await slotsOf(vault);
    for (const [command, error] of [
      [['printf', '%064d', '0'], /error: the command prints another key\n$/],
      [['echo', 'tok-of-mine'], /error: the key command echo printed something that is no key\n/],
      [['false'], /error: the key command false ended with exit code 1\n/],
      [['no-such-program'], /error: the key command no-such-program cannot be run: ENOENT\n/],
    ] as const) {
      const { code, stderr } = await vault.run([
        'key',
        'add',
        '--key',
        'command',
        '--',
        ...command,
      ]);
      assert.equal(code, 1);
      assert.match(stderr, error);
      assert.ok(!stderr.includes('tok-of-mine'));
    }
    const wrong = await vault.run(['key', 'add', '--key', 'passphrase'], {
      env: { VAULT_SHELL_HEXKEY: '0'.repeat(64), VAULT_SHELL_PASSPHRASE: 'x' },
    });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /the key does not open this vault/);
    assert.deepEqual(await slotsOf(vault), unchanged);
  });

  test('slots go by their id, all but the last', async () => {
    const all = await slotsOf(vault);
    assert.ok(all.length >= 2);
    const [last, ...others] = all.toReversed();
    for (const { id } of others) {
      await vault.ok(['key', 'remove', id]);
    }
    const unknown = await vault.run(['key', 'remove', '00000000']);
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.stderr, /error: no key slot 00000000\nvault-shell: hint: /);
    const refused = await vault.run(['key', 'remove', last?.id ?? '']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /error: the last key slot cannot be removed\nvault-shell: hint: /);
    assert.deepEqual(await slotsOf(vault), [last]);
  });

  test('wrong usage is 2', async () => {
    for (const args of [
      ['add'],
      ['add', '--key', 'hexkey'],
      ['add', '--key', 'command'],
      ['add', '--key', 'command', 'PROGRAM'],
      ['add', '--key', 'passphrase', '--', 'PROGRAM'],
      ['list', '--', 'x'],
      ['list', '12345678'],
      ['remove'],
      ['remove', '12345678', '87654321'],
    ]) {
      const { code, stdout, stderr } = await vault.run(['key', ...args]);
      assert.equal(code, 2, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, /^vault-shell: error: /);
    }
  });
});

describe('what opens a vault', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.ok(['key', 'add', '--key', 'passphrase'], {
      env: { VAULT_SHELL_PASSPHRASE: 'correct horse' },
    });
    await vault.ok(['key', 'add', '--key', 'command', '--', writeKeyProgram(vault)]);
    await vault.set('t', randomValue());
  });
  after(() => vault.remove());

  test('the hex key first: a wrong one is an error, whatever else would do', async () => {
    const { code, stderr } = await vault.run(['list'], {
      env: { VAULT_SHELL_HEXKEY: '0'.repeat(64), VAULT_SHELL_PASSPHRASE: 'correct horse' },
    });
    assert.equal(code, 1);
    assert.match(stderr, /the key does not open this vault/);
  });

  test('then the passphrase variable: a wrong one is an error too', async () => {
    const { code, stderr } = await vault.run(['list'], {
      env: { ...NO_KEY, VAULT_SHELL_PASSPHRASE: 'wrong' },
    });
    assert.equal(code, 1);
    assert.match(stderr, /wrong passphrase/);
    assert.ok(!stderr.includes('correct'));
  });

  test('then slots that need no human, on a terminal too', async () => {
    await withTerminal(openOnTerminal(vault, { args: ['list'], env: NO_KEY }), async (terminal) => {
      assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
      assert.match(await terminal.screen(), /^t +never$/m);
    });
  });

  test('then the terminal, when those fail', async () => {
    writeFileSync(path.join(vault.home, 'key'), 'expired');
    await withTerminal(openOnTerminal(vault, { args: ['list'], env: NO_KEY }), async (terminal) => {
      await terminal.waitFor('passphrase: ');
      terminal.send('correct horse\r');
      assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
    });
    const { code, stderr } = await vault.run(['list'], { env: NO_KEY });
    assert.equal(code, 1);
    assert.match(stderr, /^vault-shell: error: vault is locked: the key command .*\n.*hint: .*\n$/);
  });
});

describe('a session on a passphrase vault', () => {
  let place: TestVault;
  const env = { ...NO_KEY, PS1: 'ready> ' };
  before(async () => {
    place = makePlace();
    await place.ok(['init'], { env: { ...NO_KEY, VAULT_SHELL_PASSPHRASE: 'correct horse' } });
  });
  after(() => place.remove());

  test('asks on the terminal, again after a wrong answer, and never shows one', async () => {
    const args = ['--shell', '/bin/sh'];
    await withTerminal(openOnTerminal(place, { args, env }), async (terminal) => {
      for (const answer of ['wrong one', 'wrong two', 'correct horse']) {
        await terminal.waitFor('vault-shell: passphrase: ');
        terminal.send(`${answer}\r`);
      }
      await terminal.waitFor('ready> ');
      terminal.send('exit 7\r');
      assert.deepEqual(await terminal.done, { code: 7, signal: 0 });
      const lines = await linesOf(terminal);
      assert.deepEqual(lines.slice(0, 5), [
        'vault-shell: passphrase:',
        'vault-shell: wrong passphrase, try again',
        'vault-shell: passphrase:',
        'vault-shell: wrong passphrase, try again',
        'vault-shell: passphrase:',
      ]);
      assert.ok(!/wrong one|wrong two|horse/.test(terminal.output().toString()));
    });
  });

  test('three wrong answers end it with 125, Ctrl-C at once', async () => {
    await withTerminal(openOnTerminal(place, { args: [], env }), async (terminal) => {
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        await terminal.waitFor('vault-shell: passphrase: ');
        terminal.send('wrong\r');
      }
      assert.deepEqual(await terminal.done, { code: 125, signal: 0 });
      assert.match((await linesOf(terminal)).join('\n'), /error: wrong passphrase/);
    });
    await withTerminal(
      openOnTerminal(place, { args: ['-c', 'echo ran'], env }),
      async (terminal) => {
        await terminal.waitFor('vault-shell: passphrase: ');
        terminal.send('\x03');
        assert.deepEqual(await terminal.done, { code: 125, signal: 0 });
        assert.ok(!terminal.output().includes('ran'));
      },
    );
  });

  test('a command whose output is captured still asks on the terminal, not in the output', async () => {
    await withTerminal(await openOuterShell(place, NO_KEY), async (terminal) => {
      terminal.send('vault-shell -c "echo from inside" </dev/null >out; cat out\r');
      await terminal.waitFor('vault-shell: passphrase: ');
      terminal.send('correct horse\r');
      await terminal.waitFor('\n');
      await terminal.waitFor('from inside');
      assert.equal(readFileSync(path.join(place.home, 'out'), 'utf8'), 'from inside\n');
    });
  });

  test('without a terminal: vault is locked, 125', async () => {
    const { code, stdout, stderr } = await place.run(['-c', 'echo ran'], { env: NO_KEY });
    assert.equal(code, 125);
    assert.equal(stdout, '');
    assert.match(stderr, /^vault-shell: error: vault is locked\nvault-shell: hint: .*\n$/);
  });
});
