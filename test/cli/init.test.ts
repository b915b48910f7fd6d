import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { makePlace, makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { linesOf, openOnTerminal, readJson, withTerminal } from './on-terminal.ts';

const NO_KEY = { VAULT_SHELL_HEXKEY: '' };

async function inPlace(use: (place: TestVault) => Promise<void>): Promise<void> {
  const place = makePlace();
  try {
    await use(place);
  } finally {
    place.remove();
  }
}

describe('init on a terminal', () => {
  test('asks twice without showing it; the passphrase opens the vault', () =>
    inPlace(async (place) => {
      await withTerminal(
        openOnTerminal(place, { args: ['init'], env: NO_KEY }),
        async (terminal) => {
          await terminal.waitFor('new passphrase: ');
          terminal.send('correct horse\r');
          await terminal.waitFor('the same again: ');
          terminal.send('correct horse\r');
          assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
          assert.deepEqual(await linesOf(terminal), [
            'vault-shell: new passphrase:',
            'vault-shell: the same again:',
            `vault-shell: made a vault in ${place.directory}`,
          ]);
        },
      );
      const env = { ...NO_KEY, VAULT_SHELL_PASSPHRASE: 'correct horse' };
      assert.equal(await place.ok(['list', '--json'], { env }), '[]\n');
      const slots = readJson<object[]>(await place.ok(['key', 'list', '--json'], { env }));
      assert.equal(slots.length, 1);
    }));

  for (const [what, answers, error] of [
    ['two that differ', ['correct horse', 'correct h0rse'], 'the passphrases differ'],
    ['an empty one', [''], 'the passphrase is empty'],
    ['Ctrl-C at the second', ['correct horse', '\x03'], 'cancelled'],
  ] as const) {
    test(`${what}: one line, and no vault`, () =>
      inPlace(async (place) => {
        const terminal = openOnTerminal(place, { args: ['init'], env: NO_KEY });
        await withTerminal(terminal, async () => {
          for (const answer of answers) {
            await terminal.waitFor(/(new passphrase|the same again): /);
            terminal.send(answer === '\x03' ? answer : `${answer}\r`);
          }
          const { code } = await terminal.done;
          assert.ok(code === 1 || code === 2);
          assert.equal((await linesOf(terminal)).at(-1), `vault-shell: error: ${error}`);
          assert.ok(!terminal.output().includes('horse'));
        });
        assert.ok(!existsSync(place.directory));
      }));
  }

  test('a vault that is there is seen before anything is asked', async () => {
    const vault = await makeVault();
    try {
      await withTerminal(openOnTerminal(vault, { args: ['init'] }), async (terminal) => {
        assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
        assert.match(await terminal.screen(), /^vault-shell: error: there is a vault in/);
      });
    } finally {
      vault.remove();
    }
  });
});

describe('init without a terminal', () => {
  test('says what it needs, by kind of key', () =>
    inPlace(async (place) => {
      const passphrase = await place.run(['init'], { env: NO_KEY });
      assert.equal(passphrase.code, 1);
      assert.match(
        passphrase.stderr,
        /^vault-shell: error: no terminal .*\nvault-shell: hint: set VAULT_SHELL_PASSPHRASE/,
      );
      const hexkey = await place.run(['init', '--key', 'hexkey'], { env: NO_KEY });
      assert.equal(hexkey.code, 1);
      assert.match(
        hexkey.stderr,
        /^vault-shell: error: VAULT_SHELL_HEXKEY is not set\nvault-shell: hint: /,
      );
      const bad = await place.run(['init', '--key', 'hexkey'], {
        env: { VAULT_SHELL_HEXKEY: 'g'.repeat(64) },
      });
      assert.equal(bad.code, 1);
      assert.ok(!bad.stderr.includes('gggg'));
      assert.ok(!existsSync(place.directory));
    }));

  test('the vault is private whatever the umask, and its json holds no secret', () =>
    inPlace(async (place) => {
      await place.ok(['init', '--vault', path.join(place.home, 'a', 'b', 'vault')], {
        env: { ...NO_KEY, VAULT_SHELL_PASSPHRASE: 'correct horse' },
      });
      const directory = path.join(place.home, 'a', 'b', 'vault');
      assert.equal(statSync(directory).mode & 0o777, 0o700);
      for (const name of ['vault.db', 'vault.json']) {
        assert.equal(statSync(path.join(directory, name)).mode & 0o777, 0o600);
      }
      assert.ok(!readFileSync(path.join(directory, 'vault.json'), 'utf8').includes('horse'));
    }));
});

for (const [what, options] of [
  ['an AEGIS-256 vault', ['--cipher', 'aegis256']],
  ['a multiprocess vault', ['--storage', 'multiprocess']],
  ['a multiprocess AEGIS-256 vault', ['--storage', 'multiprocess', '--cipher=aegis256']],
] as const) {
  test(`${what} does all that the default one does`, async () => {
    const vault = await makeVault(options);
    const value = randomValue();
    try {
      const kept = readJson<Record<string, unknown>>(
        readFileSync(path.join(vault.directory, 'vault.json'), 'utf8'),
      );
      assert.ok(Object.values(kept).includes(options.at(-1)?.split('=').at(-1)), String(options));
      await vault.set('t', value);
      assert.match(await vault.ok(['list']), /^t +never$/m);
      assert.equal(await vault.ok(['-c', '/bin/echo "s $VAULT<t>"']), 's ***\n');
      const ran = await vault.ok(['run', '-s', 't', '--', 'sh', '-c', 'echo "${#t} $t"']);
      assert.equal(ran, `${String(value.length)} ***\n`);
      assert.equal((await vault.audit()).length, 2);
      await vault.ok(['rm', 't']);
      assert.equal(await vault.ok(['list', '--json']), '[]\n');
      assert.ok(!readFileSync(path.join(vault.directory, 'vault.db')).includes(value));
    } finally {
      vault.remove();
    }
  });
}
