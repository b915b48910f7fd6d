import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { linesOf, openOnTerminal, withTerminal } from '../cli/on-terminal.ts';
import {
  makePlace,
  makeVault,
  randomValue,
  runProgram,
  type Outcome,
  type TestVault,
} from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { fingerprint } from '../vault/fixture.ts';

/*
 * What goes wrong before anything runs: one clear line (and perhaps a hint), the right exit code, nothing
 * changed on disk [G8]. Each case is tried with a management command (exit code 1) and with a session (125).
 */
interface Case {
  readonly what: string;
  readonly spoil: (vault: TestVault) => void;
  readonly env?: Record<string, string>;
  readonly error: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: 'a wrong key',
    spoil: () => undefined,
    env: { VAULT_SHELL_HEXKEY: '0'.repeat(64) },
    error: /the key does not open this vault/,
  },
  {
    what: 'a key that is no key',
    spoil: () => undefined,
    env: { VAULT_SHELL_HEXKEY: 'abc' },
    error: /the key is not 64 hex digits/,
  },
  {
    what: 'nothing to unlock with',
    spoil: () => undefined,
    env: { VAULT_SHELL_HEXKEY: '' },
    error: /vault is locked/,
  },
  {
    what: 'no vault',
    spoil: (vault) => renameSync(vault.directory, `${vault.directory}.away`),
    error: /there is no vault in/,
  },
  {
    what: 'a truncated file',
    spoil: (vault) => truncateSync(path.join(vault.directory, 'vault.db'), 4096),
    error: /vault\.db/,
  },
  {
    what: 'a file cut inside a page',
    spoil: (vault) => truncateSync(path.join(vault.directory, 'vault.db'), 5000),
    error: /vault\.db/,
  },
  {
    what: 'an empty file',
    spoil: (vault) => truncateSync(path.join(vault.directory, 'vault.db'), 0),
    error: /vault\.db/,
  },
  {
    what: 'a file that is no database',
    spoil: (vault) => writeFileSync(path.join(vault.directory, 'vault.db'), 'x'.repeat(8192)),
    error: /vault\.db/,
  },
  {
    what: 'a vault.json that is no JSON',
    spoil: (vault) => writeFileSync(path.join(vault.directory, 'vault.json'), '{'),
    error: /vault\.json/,
  },
  {
    what: 'a directory others can enter',
    spoil: (vault) => chmodSync(vault.directory, 0o755),
    error: /can be reached by other users/,
  },
  {
    what: 'a file others can read',
    spoil: (vault) => chmodSync(path.join(vault.directory, 'vault.db'), 0o644),
    error: /can be reached by other users/,
  },
];

for (const { what, spoil, env = {}, error } of CASES) {
  describe(what, () => {
    for (const [args, code] of [
      [['list'], 1],
      [['set', 'x'], 1],
      [['-c', 'touch ran'], 125],
      [['run', 'touch', 'ran'], 125],
    ] as const) {
      test(`${args[0]} ends with ${String(code)}`, async () => {
        const vault = await makeVault();
        try {
          await vault.set('t', randomValue());
          spoil(vault);
          const before = fingerprint(vault.home);
          const outcome = await vault.run(args, { env, input: randomValue() });
          assert.equal(outcome.code, code, outcome.stderr);
          assert.equal(outcome.stdout, '');
          assertOneLine(outcome.stderr, error);
          assert.deepEqual(fingerprint(vault.home), before);
        } finally {
          vault.remove();
        }
      });
    }
  });
}

describe('init', () => {
  test('a vault that is there stays as it is', async () => {
    const vault = await makeVault();
    try {
      const before = fingerprint(vault.home);
      const { code, stderr } = await vault.run(['init', '--key', 'hexkey']);
      assert.equal(code, 1);
      assertOneLine(stderr, /there is a vault in/);
      assert.deepEqual(fingerprint(vault.home), before);
    } finally {
      vault.remove();
    }
  });

  test('a place that cannot be written leaves nothing', async () => {
    const place = makePlace();
    try {
      // Root may write anywhere but under a file.
      writeFileSync(path.join(place.home, 'file'), '');
      const { code, stderr } = await place.run([
        'init',
        '--key',
        'hexkey',
        '--vault',
        path.join(place.home, 'file', 'vault'),
      ]);
      assert.equal(code, 1);
      assertOneLine(stderr, /cannot (make|read) /);
      assert.deepEqual(readdirSync(place.home).toSorted(), ['bin', 'file']);
    } finally {
      place.remove();
    }
  });

  test('passphrase vaults: the right one opens, a wrong one does not, and nothing asks without a terminal', async () => {
    const place = makePlace();
    try {
      const env = { VAULT_SHELL_HEXKEY: '' };
      const passphrase = { ...env, VAULT_SHELL_PASSPHRASE: 'correct horse' };
      await place.ok(['init', '--key', 'passphrase'], { env: passphrase });
      await place.ok(['set', 't'], { env: passphrase, input: randomValue() });
      const listing = await place.ok(['list', '--json'], { env: passphrase });
      assert.match(listing, /"name": "t"/);
      const wrong = await place.run(['list'], { env: { ...env, VAULT_SHELL_PASSPHRASE: 'wrong' } });
      assert.equal(wrong.code, 1);
      assertOneLine(wrong.stderr, /wrong passphrase/);
      const session = await place.run(['-c', 'true'], {
        env: { ...env, VAULT_SHELL_PASSPHRASE: 'wrong' },
      });
      assert.equal(session.code, 125);
    } finally {
      place.remove();
    }
  });
});

describe('a session', () => {
  test('does not start without its hook, nor with one that cannot be loaded', async () => {
    const vault = await makeVault();
    const dist = path.join(import.meta.dirname, '..', '..');
    const shell = path.join(dist, 'shell');
    const copy = path.join(vault.home, 'dist');
    try {
      // A copy of the program, so that nothing else loses its hook.
      for (const each of ['src', 'bundle']) {
        cpSync(path.join(dist, each), path.join(copy, each), { recursive: true });
      }
      mkdirSync(path.join(copy, 'shell'));
      copyFileSync(
        path.join(shell, 'vault-native.node'),
        path.join(copy, 'shell', 'vault-native.node'),
      );
      writeFileSync(
        path.join(vault.home, 'package.json'),
        '{"type":"module","name":"x","version":"0"}',
      );
      symlinkSync(path.resolve('node_modules'), path.join(vault.home, 'node_modules'));
      const start = (): Promise<Outcome> =>
        runProgram(
          process.execPath,
          [path.join(copy, 'src', 'cli', 'main.js'), '-c', 'touch ran'],
          vault,
          {},
        );
      const missing = await start();
      assert.equal(missing.code, 125);
      assertOneLine(missing.stderr, /the hook is missing/);
      writeFileSync(path.join(copy, 'shell', 'libvault-hook.so'), 'not a library');
      const broken = await start();
      assert.equal(broken.code, 125);
      assertOneLine(broken.stderr, /the hook cannot be loaded/);
      assert.ok(!existsSync(path.join(vault.home, 'ran')));
    } finally {
      vault.remove();
    }
  });

  test('does not start a shell that the loader takes no hook into [G4]', async () => {
    const vault = await makeVault();
    try {
      const shell = path.join(vault.home, 'sh');
      copyFileSync('/bin/sh', shell);
      chmodSync(shell, 0o4755);
      const outcome = await vault.run(['--shell', shell, '-c', 'touch ran; echo ran']);
      assert.deepEqual([outcome.code, outcome.stdout], [125, '']);
      assertOneLine(outcome.stderr, /error: the hook cannot be loaded into \S+\/sh$/);
      assert.ok(!existsSync(path.join(vault.home, 'ran')));
    } finally {
      vault.remove();
    }
  });

  const arches = ['x64', 'arm64'];
  const skip = arches.includes(process.arch) ? missing('cc') : 'the loader is for another machine';
  for (const [what, options] of [
    ['shows nothing', []],
    ['is not taken for one that ran', ['-DSILENT']],
  ] as const) {
    test(`a program that runs without the hook ${what}: 125 [G4]`, { skip }, async () => {
      const vault = await makeVault();
      try {
        const loader = path.join(vault.home, 'loader');
        const program = path.join(vault.home, 'program');
        const source = path.resolve('test/scenarios/foreign-loader.c');
        const bare = ['-O1', '-nostdlib', '-static', '-fno-stack-protector'];
        execFileSync('cc', [...bare, ...options, '-o', loader, source]);
        const empty = ['-x', 'c', '-', '-o', program, `-Wl,--dynamic-linker=${loader}`];
        execFileSync('cc', empty, { input: 'int main(void) { return 0; }' });
        const said = options.length === 0 ? 'ran\n' : '';
        assert.deepEqual(await runProgram(program, [], vault, {}), {
          code: 0,
          stdout: said,
          stderr: '',
        });
        const error = 'vault-shell: error: the hook was not loaded into the program';
        for (const args of [
          ['--', program],
          ['--shell', program, '-c', 'x'],
        ]) {
          const piped = await vault.run(args);
          assert.deepEqual([piped.code, piped.stdout], [125, '']);
          assertOneLine(piped.stderr, /error: the hook was not loaded into the program$/);
          await withTerminal(openOnTerminal(vault, { args }), async (terminal) => {
            assert.deepEqual(await terminal.done, { code: 125, signal: 0 });
            assert.equal((await linesOf(terminal))[0], error);
          });
        }
      } finally {
        vault.remove();
      }
    });
  }

  test('wrong usage is 2', async () => {
    const vault = makePlace();
    try {
      for (const args of [
        ['frobnicate'],
        ['--frobnicate'],
        ['set'],
        ['list', '--x'],
        ['key', 'x'],
      ]) {
        const { code, stdout, stderr } = await vault.run(args);
        assert.equal(code, 2, args.join(' '));
        assert.equal(stdout, '');
        assertOneLine(stderr, /./);
      }
    } finally {
      vault.remove();
    }
  });
});

/** One `error:` line, at most one `hint:` line, nothing else. */
function assertOneLine(stderr: string, error: RegExp): void {
  const [first = '', ...rest] = stderr.trimEnd().split('\n');
  assert.match(first, /^vault-shell: error: /);
  assert.match(first, error);
  assert.ok(rest.length <= 1, stderr);
  for (const line of rest) assert.match(line, /^vault-shell: hint: /);
}
