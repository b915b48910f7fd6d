import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { makePlace, makeVault, type TestVault } from '../support/cli.ts';
import { readJson } from './on-terminal.ts';

const { name, version } = readJson<Record<string, string>>(readFileSync('package.json', 'utf8'));

const COMMANDS =
  'init set list show rm reveal policy approve value run redact audit import key doctor status rc'.split(
    ' ',
  );

/** Every option of every command, as the contract and the README have them. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  init: ['--key', '--cipher', '--storage'],
  set: '--provider --account --environment --access --tags --description --from-file --allow-weak'.split(
    ' ',
  ),
  list: ['--json'],
  show: ['--json'],
  policy: '--program --cwd --expose --expires --uses --approval --clear --json'.split(' '),
  approve: '--list --deny --once --session'.split(' '),
  run: ['-s, --secret'],
  audit: ['action', '--limit', '--secret', '--outcome', '--since', '--follow', '--json'],
  import: ['--allow-weak'],
  key: ['--key', '--json'],
  doctor: ['--json'],
  status: ['--json'],
  rc: ['shell'],
};

describe('help and version', () => {
  let place: TestVault;
  before(() => {
    place = makePlace();
  });
  after(() => place.remove());

  test('--help names every command and how to start a session, on stdout', async () => {
    const { code, stdout, stderr } = await place.run(['--help']);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    for (const command of COMMANDS)
      assert.match(stdout, new RegExp(`^  vault-shell ${command}\\b`, 'm'));
    assert.match(
      stdout,
      /^vault-shell \[--vault DIR\] \[--shell PATH\] \[-- PROGRAM ARGS\.\.\.\]$/m,
    );
    assert.match(stdout, /-c CMD/);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
  });

  for (const command of COMMANDS) {
    test(`${command} --help names its options, and does nothing`, async () => {
      const { code, stdout, stderr } = await place.run([command, '--help']);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.match(stdout, new RegExp(`^vault-shell ${command}\\b`));
      for (const option of [...(OPTIONS[command] ?? []), '--vault', '--help', '--no-color']) {
        assert.match(stdout, new RegExp(`^ *${option}\\b`, 'm'));
      }
    });

    test(`${command} --version and before it: name and version`, async () => {
      assert.equal(await place.ok([command, '--version']), `${name} ${version}\n`);
    });

    test(`${command} with an unknown option: 2, one line and a hint`, async () => {
      const { code, stdout, stderr } = await place.run([command, '--frobnicate']);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /^vault-shell: error: .*\nvault-shell: hint: .*--help\n$/);
    });
  }

  test('--version is name and version', async () => {
    assert.equal(await place.ok(['--version']), `${name} ${version}\n`);
  });

  test('an option without its value: 2', async () => {
    for (const args of [
      ['--vault'],
      ['--shell'],
      ['list', '--vault'],
      ['audit', '--limit'],
      ['set', 'x', '--from-file'],
      ['run', '-s'],
      ['init', '--cipher'],
    ]) {
      const { code, stderr } = await place.run(args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /^vault-shell: error: .*\n/);
    }
  });

  test('choices that are none: 2, and the choices', async () => {
    for (const [args, choice] of [
      [['init', '--key', 'stone'], 'keychain'],
      [['init', '--cipher', 'rot13'], 'aes256gcm'],
      [['init', '--storage', 'shed'], 'exclusive'],
      [['key', 'turn'], 'remove'],
      [['audit', 'x'], 'verify'],
      [['audit', '--outcome', 'x'], 'denied'],
      [['rc', 'csh'], 'fish'],
    ] as const) {
      const { code, stderr } = await place.run(args);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`^vault-shell: error: .*"${choice}"`));
    }
  });
});

describe('options of every command', () => {
  let vault: TestVault;
  let other: TestVault;
  before(async () => {
    vault = await makeVault();
    other = await makeVault();
    await vault.ok(['set', 'here'], { input: 'a-value-0123' });
    await other.ok(['set', 'there'], { input: 'a-value-4567' });
  });
  after(() => {
    vault.remove();
    other.remove();
  });

  test('--vault before or after the command, with = or a blank, beats VAULT_SHELL_DIR', async () => {
    const env = hexkeyOf(other);
    for (const args of [
      ['--vault', other.directory, 'list'],
      [`--vault=${other.directory}`, 'list'],
      ['list', '--vault', other.directory],
      ['list', `--vault=${other.directory}`],
      ['list', '--no-color', '--vault', other.directory],
    ]) {
      assert.match(await vault.ok(args, { env }), /^there /m);
    }
    const show = '/bin/echo "$VAULT<there>"';
    for (const args of [
      ['--vault', other.directory, '-c', show],
      ['--vault', other.directory, '--', '/bin/echo', '$VAULT<there>'],
      ['--vault', other.directory, 'run', 'sh', '-c', show],
      ['run', '--vault', other.directory, 'sh', '-c', show],
    ]) {
      assert.equal(await vault.ok(args, { env }), '***\n');
    }
  });

  test('of two --vault the last holds', async () => {
    const env = hexkeyOf(other);
    const nowhere = '/no/such/vault';
    for (const args of [
      ['--vault', nowhere, '--vault', other.directory, 'list'],
      ['--vault', nowhere, 'list', '--vault', other.directory],
      ['list', '--vault', nowhere, '--vault', other.directory],
    ]) {
      assert.match(await vault.ok(args, { env }), /^there /m);
    }
  });

  test('an empty --vault is wrong usage, not the default vault', async () => {
    for (const args of [
      ['--vault', '', 'list'],
      ['list', '--vault='],
      ['--vault=', '-c', 'true'],
      ['run', '--vault', '', 'true'],
    ]) {
      const { code, stderr } = await vault.run(args);
      assert.equal(code, 2);
      assert.equal(stderr, 'vault-shell: error: --vault needs a directory\n');
    }
  });

  test('nothing is coloured, with or without NO_COLOR, --no-color and FORCE_COLOR', async () => {
    for (const [args, env] of [
      [['list'], { FORCE_COLOR: '1', CLICOLOR_FORCE: '1' }],
      [['list', '--no-color'], {}],
      [['--help'], { NO_COLOR: '1' }],
      [['frobnicate'], { FORCE_COLOR: '1' }],
    ] as const) {
      const { stdout, stderr } = await vault.run(args, { env });
      assert.ok(!`${stdout}${stderr}`.includes('\x1b'));
    }
  });

  test('NO_COLOR and FORCE_COLOR reach the programs of a session', async () => {
    const env = { NO_COLOR: '1', FORCE_COLOR: '0' };
    assert.equal(await vault.ok(['-c', 'echo "$NO_COLOR$FORCE_COLOR"'], { env }), '10\n');
  });

  test('-- ends the options: what follows is an operand', async () => {
    assert.match(await vault.ok(['show', '--json', '--', 'here']), /"name": "here"/);
    assert.equal((await vault.run(['show', '--', 'here', 'there'])).code, 2);
  });

  test('too many arguments are wrong usage', async () => {
    for (const args of [
      ['list', 'x'],
      ['show', 'here', 'x'],
      ['rm', 'here', 'x'],
      ['audit', 'verify', 'x'],
      ['init', 'x'],
      ['import', 'a', 'b'],
      ['redact', 'a', 'b'],
    ]) {
      const { code, stderr } = await vault.run(args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /^vault-shell: error: too many arguments for \w+\nvault-shell: hint: /);
    }
    assert.match(await vault.ok(['list']), /^here /m);
  });

  test('a stack is shown for VAULT_SHELL_DEBUG=1 alone', async () => {
    const STACK = /^ {4}at /m;
    for (const [env, shown] of [
      [{}, false],
      [{ VAULT_SHELL_DEBUG: '' }, false],
      [{ VAULT_SHELL_DEBUG: '0' }, false],
      [{ VAULT_SHELL_DEBUG: '1' }, true],
    ] as const) {
      for (const args of [['show', 'nope'], ['frobnicate'], ['run', '-s', 'nope', 'true']]) {
        const { stderr } = await vault.run(args, { env });
        assert.equal(STACK.test(stderr), shown, stderr);
      }
    }
  });

  test('a stack holds no value', async () => {
    const env = { VAULT_SHELL_DEBUG: '1' };
    const { stderr } = await vault.run(['set', 'weak'], { env, input: 'hunter2' });
    assert.match(stderr, /^ {4}at /m);
    assert.ok(!stderr.includes('hunter2'));
  });
});

function hexkeyOf({ environment }: TestVault): Record<string, string> {
  return { VAULT_SHELL_HEXKEY: environment['VAULT_SHELL_HEXKEY'] ?? '' };
}
