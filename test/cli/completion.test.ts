import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { completeWords } from '../../src/cli/completion.ts';
import { makePlace, makeVault, type TestVault } from '../support/cli.ts';

const NAMES = ['aws.prod', 'github_token', 'gitlab/deploy'];

async function complete(...words: readonly string[]): Promise<readonly string[]> {
  return completeWords(words, () => Promise.resolve(NAMES));
}

const cases: readonly [readonly string[], readonly string[]][] = [
  [['sh'], ['show']],
  [
    ['show', 'git'],
    ['github_token', 'gitlab/deploy'],
  ],
  [['--vault', '/v', 'show', 'aw'], ['aws.prod']],
  [['show', '--json', 'aw'], ['aws.prod']],
  [['show', 'aws.prod', 'g'], []],
  [['audit', '--secret', 'gith'], ['github_token']],
  [['audit', '--secret=gith'], ['--secret=github_token']],
  [['audit', '--secret', '=', 'gith'], ['github_token']],
  [['audit', '--limit', 'g'], []],
  [['run', '-s', 'aw'], ['aws.prod']],
  [['run', '-s', 'aws.prod', '--', 'show', 'g'], []],
  [['run', 'curl', '--json'], []],
  [['set', '--from-file', ''], []],
  [['-c', 'show'], []],
  [
    ['rc', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['frobnicate', ''], []],
];
for (const [words, wanted] of cases) {
  test(`after vault-shell ${words.join(' ')}| comes ${wanted.join(' ') || 'nothing of ours'}`, async () => {
    assert.deepEqual(await complete(...words), wanted);
  });
}

describe('what may follow a command', () => {
  let place: TestVault;
  before(() => {
    place = makePlace();
  });
  after(() => place.remove());

  test('is what its help says: all commands, and of each all options and choices', async () => {
    const help = await place.ok(['--help']);
    const commands = Array.from(
      help.matchAll(/^ {2}vault-shell ([a-z]+)/gm),
      ([, name]) => name ?? '',
    );
    assert.deepEqual((await complete('')).toSorted(), commands.toSorted());
    for (const command of await complete('')) {
      const text = await place.ok([command, '--help']);
      // A switch of every program, which nobody needs to be told.
      const options = (text.match(/^ +(?:-s, )?--[a-z-]+/gm) ?? [])
        .flatMap((found) => found.trim().split(', '))
        .filter((option) => option !== '--version');
      assert.deepEqual((await complete(command, '-')).toSorted(), options.toSorted(), command);
      for (const [, option = '', choices = ''] of text.matchAll(
        /^ +(--[a-z-]+) [^[\n]*\[choices: ([^\]]*)\]/gm,
      )) {
        assert.deepEqual(await complete(command, option, ''), choices.match(/[a-z0-9]+/g), option);
      }
    }
  });
});

describe('names', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('one', 'a-value-0123');
  });
  after(() => vault.remove());

  test('in a session come from its broker', async () => {
    assert.equal(
      await vault.ok(['-c', 'vault-shell rc names; vault-shell rc complete show o']),
      'one\none\n',
    );
  });

  test('nobody is asked, and nothing said, where the vault is locked', async () => {
    const env = { VAULT_SHELL_HEXKEY: '' };
    assert.deepEqual(await vault.run(['rc', 'names'], { env }), {
      code: 0,
      stdout: '',
      stderr: '',
    });
    const wrong = { VAULT_SHELL_HEXKEY: 'ab'.repeat(32) };
    assert.deepEqual(await vault.run(['rc', 'complete', 'rm', ''], { env: wrong }), {
      code: 1,
      stdout: '',
      stderr: '',
    });
  });
});
