import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAIN, makeVault, runProgram, randomValue, type TestVault } from '../support/cli.ts';
import { readJson } from './on-terminal.ts';

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('an empty vault', () => {
  test('lists as a head, and as an empty array', async () => {
    const vault = await makeVault();
    try {
      assert.match(await vault.ok(['list']), /^NAME +PROVIDER .*\n$/);
      assert.equal(await vault.ok(['list', '--json']), '[]\n');
      assert.match(await vault.ok(['audit']), /^ID +TIME .*\n$/);
      assert.equal(await vault.ok(['audit', '--json']), '[]\n');
      assert.equal(await vault.ok(['redact'], { input: 'as it is' }), 'as it is');
    } finally {
      vault.remove();
    }
  });
});

describe('list and show', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('zeta', randomValue());
    await vault.ok(
      [
        'set',
        'alpha/one',
        '--provider',
        'github',
        '--account',
        'bot',
        '--environment',
        'prod',
        '--access',
        'read',
        '--tags',
        'a,b',
        '--description',
        'for CI',
      ],
      { input: randomValue() },
    );
  });
  after(() => vault.remove());

  test('--json has these fields, in this order, sorted by name', async () => {
    const listed = readJson<Record<string, unknown>[]>(await vault.ok(['list', '--json']));
    const [alpha, zeta] = listed;
    assert.equal(listed.length, 2);
    const created = alpha?.['created_at'];
    assert.match(String(created), ISO_TIME);
    assert.deepEqual(Object.entries(alpha ?? {}), [
      ['name', 'alpha/one'],
      ['provider', 'github'],
      ['account', 'bot'],
      ['environment', 'prod'],
      ['access', 'read'],
      ['tags', 'a,b'],
      ['description', 'for CI'],
      ['created_at', created],
      ['last_used_at', null],
    ]);
    assert.deepEqual(zeta, {
      name: 'zeta',
      provider: null,
      account: null,
      environment: null,
      access: null,
      tags: '',
      description: null,
      created_at: zeta?.['created_at'],
      last_used_at: null,
    });
    assert.deepEqual(JSON.parse(await vault.ok(['show', 'alpha/one', '--json'])), alpha);
  });

  test('text has the same, for a person', async () => {
    const [head = '', first = '', second = ''] = (await vault.ok(['list'])).split('\n');
    assert.match(
      head,
      /^NAME +PROVIDER +ACCOUNT +ENVIRONMENT +ACCESS +TAGS +DESCRIPTION +LAST USED$/,
    );
    assert.match(first, /^alpha\/one +github +bot +prod +read +a,b +for CI +never$/);
    assert.match(second, /^zeta +never$/);
    assert.equal(head.indexOf('DESCRIPTION'), first.indexOf('for CI'));
    assert.match(
      await vault.ok(['show', 'alpha/one']),
      /^name: +alpha\/one\nprovider: +github\naccount: +bot\nenvironment: +prod\naccess: +read\ntags: +a,b\ndescription: +for CI\ncreated_at: +\S+Z\nlast_used_at: +-\n$/,
    );
  });

  test('the time of the last use appears', async () => {
    await vault.ok(['run', '-s', 'zeta', 'true']);
    const shown = readJson<Record<string, unknown>>(await vault.ok(['show', 'zeta', '--json']));
    assert.match(String(shown['last_used_at']), ISO_TIME);
    assert.match(await vault.ok(['list']), /^zeta +\S+Z$/m);
  });

  test('a set of a secret that is there keeps its time of creation', async () => {
    const unchanged = await vault.ok(['show', 'zeta', '--json']);
    await vault.set('zeta', randomValue());
    assert.equal(await vault.ok(['show', 'zeta', '--json']), unchanged);
  });

  test('show and rm of what is not there: 1, one line and a hint', async () => {
    for (const command of ['show', 'rm', 'reveal']) {
      const { code, stdout, stderr } = await vault.run([command, 'nope']);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      if (command === 'reveal') continue; // says first that it needs a terminal
      assert.equal(
        stderr,
        'vault-shell: error: there is no secret named nope\nvault-shell: hint: vault-shell list shows the names\n',
      );
    }
  });

  test('a name with control characters in it is shown escaped', async () => {
    const { code, stderr } = await vault.run(['show', 'a\x1b]0;x\x07\nb']);
    assert.equal(code, 1);
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f\x7f]/);
  });

  test('output that is lost is an error, unless nobody wants it any more', async () => {
    const link = path.join(vault.home, 'bin', 'vault-shell');
    symlinkSync(MAIN, link);
    const { stdout, stderr } = await runProgram(
      'bash',
      ['-c', `${link} list >/dev/full; echo $?; ${link} list | true; echo \${PIPESTATUS[0]}`],
      vault,
      {},
    );
    assert.equal(stdout, '1\n0\n');
    assert.equal(stderr, 'vault-shell: error: cannot write the output: ENOSPC\n');
  });
});

describe('rm', () => {
  test('takes the secret away and leaves its log', async () => {
    const vault = await makeVault();
    const value = randomValue();
    try {
      await vault.set('gone', value);
      await vault.set('stays', randomValue());
      await vault.ok(['run', '-s', 'gone', 'true']);
      const { code, stdout, stderr } = await vault.run(['rm', 'gone']);
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' });
      const listed = readJson<{ name: string }[]>(await vault.ok(['list', '--json']));
      assert.deepEqual(
        listed.map(({ name }) => name),
        ['stays'],
      );
      const [row] = await vault.audit();
      assert.deepEqual([row?.secrets, row?.outcome], [['gone'], 'ran']);
      assert.equal((await vault.run(['run', '-s', 'gone', 'true'])).code, 126);
      // What the vault does not hold any more, nothing masks.
      assert.equal(await vault.ok(['redact'], { input: value }), value);
      // A secret of that name made anew starts with nothing of the old one.
      await vault.ok(['set', 'gone'], { input: randomValue() });
      const shown = readJson<object>(await vault.ok(['show', 'gone', '--json']));
      assert.equal('last_used_at' in shown && shown.last_used_at, null);
    } finally {
      vault.remove();
    }
  });
});

describe('audit', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    for (const name of ['one', 'two', 'one.more']) {
      await vault.set(name, randomValue());
    }
    await vault.run(['run', '-s', 'one', '--', 'sh', '-c', 'exit 3']);
    await vault.run(['run', '-s', 'two', '-s', 'one.more=MORE', 'true']);
    await vault.run(['run', '-s', 'nope', 'true']);
    await vault.run(['run', '--', 'printf', '%s', '\x1b[31m\n$VAULT<one>']);
  });
  after(() => vault.remove());

  test('--json has these fields, in this order, newest first', async () => {
    const rows = await vault.audit();
    assert.deepEqual(
      rows.map(({ secrets, exit_code, outcome }) => [secrets, exit_code, outcome]),
      [
        [['one'], 0, 'ran'],
        [['nope'], null, 'denied'],
        [['two', 'one.more'], 0, 'ran'],
        [['one'], 3, 'ran'],
      ],
    );
    const [row] = rows;
    const fields =
      'id ts secrets command cwd exit_code outcome operation program pid parents session';
    const more = 'agent exposure reason approval';
    assert.deepEqual(Object.keys(row ?? {}), `${fields} ${more}`.split(' '));
    assert.equal(typeof row?.id, 'number');
    assert.match(String(row?.ts), ISO_TIME);
    assert.equal(row?.cwd, vault.home);
    const ids = rows.map(({ id }) => id);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => b - a),
    );
  });

  test('text is one line a row, with control characters escaped', async () => {
    const lines = (await vault.ok(['audit'])).trimEnd().split('\n');
    assert.match(lines[0] ?? '', /^ID +TIME +OUTCOME +EXIT +SECRETS +DIRECTORY +COMMAND$/);
    assert.equal(lines.length, 5);
    assert.match(lines[2] ?? '', / denied +- +nope /);
    assert.match(lines[4] ?? '', / ran +3 +one .* sh -c 'exit 3'$/);
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    assert.doesNotMatch(lines.join(''), /[\x00-\x1f\x7f]/);
    assert.match(lines[1] ?? '', /\$VAULT<one>/);
  });

  async function namesIn(...args: string[]): Promise<(readonly string[])[]> {
    const text = await vault.ok(['audit', '--json', ...args]);
    return readJson<{ secrets: string[] }[]>(text).map(({ secrets }) => secrets);
  }

  test('--limit and --secret choose rows', async () => {
    assert.deepEqual(await namesIn('--limit', '2'), [['one'], ['nope']]);
    assert.deepEqual(await namesIn('--limit=100'), [
      ['one'],
      ['nope'],
      ['two', 'one.more'],
      ['one'],
    ]);
    assert.deepEqual(await namesIn('--secret', 'one'), [['one'], ['one']]);
    assert.deepEqual(await namesIn('--secret', 'one', '--limit', '1'), [['one']]);
    assert.deepEqual(await namesIn('--secret', 'one.more'), [['two', 'one.more']]);
    assert.deepEqual(await namesIn('--secret', 'nope'), [['nope']]);
    assert.deepEqual(await namesIn('--secret', 'on%'), []);
    assert.deepEqual(await namesIn('--secret', 'never-used'), []);
  });

  for (const limit of ['0', '-1', 'x', '1.5', '', '1e3']) {
    test(`--limit ${JSON.stringify(limit)} is wrong usage`, async () => {
      const { code, stdout, stderr } = await vault.run(['audit', `--limit=${limit}`]);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /^vault-shell: error: --limit /);
    });
  }
});
