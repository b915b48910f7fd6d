import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAIN, makeVault, type Outcome, type TestVault } from '../support/cli.ts';
import { openSession } from '../support/session.ts';

const VALUE = 'ghp_T8qZk4vLw2xR7nYb';
const WRITE_ONLY = 'vault-shell: error: value writes into a pipe only\n';

describe('value', () => {
  let vault: TestVault;
  const run = async (script: string): Promise<Outcome> => {
    const PATH = `${vault.home}/bin:${vault.environment['PATH'] ?? ''}`;
    return vault.run(['-c', script], { env: { PATH } });
  };
  before(async () => {
    vault = await makeVault();
    await vault.set('gh', VALUE);
    symlinkSync(MAIN, path.join(vault.home, 'bin', 'vault-shell'));
  });
  after(() => vault.remove());

  test('writes the value, and nothing behind it, to the program that reads its pipe', async () => {
    const ended = await run('vault-shell value gh | wc -c; vault-shell value gh | cat');
    assert.deepEqual({ ...ended }, { code: 0, stdout: '20\n***', stderr: '' });
    const [row] = await vault.audit();
    assert.equal(row?.command, 'vault-shell value gh');
    assert.deepEqual(row.secrets, ['gh']);
    assert.equal(row.outcome, 'ran');
    assert.equal(row.exit_code, 0);
  });

  test('of a shell in a pipeline, too', async () => {
    const ended = await run(`sh -c 'vault-shell value gh; true' | wc -c`);
    assert.equal(ended.stdout, '20\n');
  });

  const REFUSED: readonly [string, string, string][] = [
    ['a file', 'vault-shell value gh > out', WRITE_ONLY],
    ['/dev/null', 'vault-shell value gh > /dev/null', WRITE_ONLY],
    [
      "the session's output",
      'vault-shell value gh',
      "value does not write into the session's output",
    ],
    ["the session's errors", 'vault-shell value gh >&2', 'value does not write into the session'],
    ['a closed stdout', 'vault-shell value gh >&-', 'vault-shell: error: '],
  ];
  for (const [what, script, line] of REFUSED) {
    test(`into ${what} it is refused: 126, no row`, async () => {
      const rows = await vault.audit();
      const ended = await run(`${script}; echo $?`);
      assert.equal(ended.stdout, '126\n');
      assert.ok(ended.stderr.includes(line), ended.stderr);
      assert.deepEqual(await vault.audit(), rows);
    });
  }

  test('on a terminal it is refused, into a pipe it works', async () => {
    const PATH = `${vault.home}/bin:${vault.environment['PATH'] ?? ''}`;
    const session = await openSession(vault, { env: { PATH } });
    try {
      const refused = await session.type('vault-shell value gh; echo $?');
      assert.ok(refused.endsWith('\n126\n'), refused);
      assert.ok(refused.includes(WRITE_ONLY));
      assert.equal(await session.type('vault-shell value gh | wc -c'), '20\n');
    } finally {
      await session.close();
    }
  });

  test('an unknown name: 126, a denied row, nothing written', async () => {
    const ended = await run('vault-shell value nope | wc -c; vault-shell value nope | cat');
    assert.equal(ended.stdout, '0\n');
    const line = 'vault-shell: error: unknown secret "nope"; nothing was written\n';
    assert.equal(ended.stderr, line.repeat(2));
    const [row] = await vault.audit();
    assert.equal(row?.outcome, 'denied');
    assert.deepEqual(row.secrets, ['nope']);
    assert.equal(
      (await run('set -o pipefail 2>/dev/null; vault-shell value "a b" | cat')).stdout,
      '',
    );
  });

  test('outside of a session it is refused with a hint: 126', async () => {
    for (const args of [
      ['value', 'gh'],
      ['value', 'gh', '--no-color'],
    ]) {
      const ended = await vault.run(args);
      assert.equal(ended.code, 126);
      assert.equal(ended.stdout, '');
      assert.equal(
        ended.stderr,
        "vault-shell: error: value works inside a session only\nvault-shell: hint: vault-shell -c 'vault-shell value gh | program'\n",
      );
    }
    assert.equal((await vault.run(['value'])).code, 2);
    assert.equal((await vault.run(['value', 'a b'])).code, 2);
  });

  test('a broker that is gone: 126, nothing written', async () => {
    const ended = await run('VAULT_SHELL_SOCKET=/nowhere/broker vault-shell value gh | wc -c');
    assert.equal(ended.stdout, '0\n');
    assert.match(ended.stderr, /the session's broker gave no answer; nothing was written/);
  });
});

describe('values as files', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('gh', VALUE);
  });
  after(() => vault.remove());

  for (const [what, args] of [
    ['run', ['run', '/bin/cat', '$VAULT_FILE<gh>']],
    ['run with a variable', ['run', '-s', 'gh=TOKEN', 'sh', '-c', 'cat "$VAULT_FILE<gh>"']],
    ['a program', ['--', '/bin/cat', '$VAULT_FILE<gh>']],
    ['a shell', ['-c', 'cat "$VAULT_FILE<gh>"']],
  ] as const) {
    test(`${what}: read and masked`, async () => {
      assert.equal(await vault.ok(args), '***');
      const [row] = await vault.audit();
      assert.ok(row?.command.endsWith(`cat '$VAULT_FILE<gh>'`), row?.command);
      assert.equal(row?.exit_code, 0);
    });
  }

  test('run: with values next to them, in arguments and variables', async () => {
    const script = [
      'const { readFileSync } = require("node:fs");',
      'const { TOKEN, KEY } = process.env;',
      'console.log(TOKEN.length, process.argv[1].length, readFileSync(KEY, "utf8").length, KEY);',
    ].join('');
    const args = ['run', '-s', 'gh=TOKEN', process.execPath, '-e', script, '--', '-$VAULT<gh>'];
    const env = { KEY: '$VAULT_FILE<gh>' };
    assert.equal(await vault.ok(args, { env }), '20 21 20 /proc/self/fd/100\n');
  });

  test('run: an unknown name is 126, and nothing ran', async () => {
    const ended = await vault.run(['run', '/bin/cat', '$VAULT_FILE<nope>']);
    assert.equal(ended.code, 126);
    assert.equal(ended.stdout, '');
    assert.match(
      ended.stderr,
      /^vault-shell: error: unknown secret "nope"; \/bin\/cat was not run\n/,
    );
  });

  test('a session writes no value to the disk', async () => {
    const search = `grep -rlF ${VALUE} "$HOME" /dev/shm`;
    const ended = await vault.run([
      '-c',
      `cat "$VAULT_FILE<gh>" | wc -c; ${search} "$VAULT_FILE<gh>"`,
    ]);
    // The one that is found is the file itself: the search works.
    assert.equal(ended.stdout, '20\n/proc/self/fd/100\n');
  });
});

test('set keeps the last newline of --from-file, which keys need', async () => {
  const vault = await makeVault();
  try {
    const file = 'package.json';
    await vault.ok(['set', 'key', '--from-file', path.resolve(file)]);
    const seen = await vault.ok(['-c', 'tail -c 1 "$VAULT_FILE<key>" | od -An -c']);
    assert.equal(seen.trim(), '\\n');
    assert.ok(readFileSync(file, 'utf8').endsWith('\n'));
  } finally {
    vault.remove();
  }
});
