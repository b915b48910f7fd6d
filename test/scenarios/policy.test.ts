import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { BUNDLE } from '../../src/cli/entry.ts';
import { MAIN, makeVault, randomValue, runProgram, type TestVault } from '../support/cli.ts';
import { linesOf, openOnTerminal, withTerminal } from '../cli/on-terminal.ts';

describe('policies', () => {
  let vault: TestVault;
  let tool: string;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    tool = path.join(vault.home, 'bin', 'tool');
  });
  after(() => vault.remove());
  beforeEach(async () => {
    copyFileSync('/bin/echo', tool);
    await vault.ok(['policy', 't', '--clear']);
  });

  interface Row {
    readonly outcome: string;
    readonly secrets: readonly string[];
    readonly reason: string | null;
  }

  async function lastRow(): Promise<Row | undefined> {
    const rows: readonly Row[] = JSON.parse(await vault.ok(['audit', '--json', '--limit', '1']));
    return rows[0];
  }

  async function assertDenied(command: string, reason: string): Promise<void> {
    const { code, stdout, stderr } = await vault.run(['-c', command]);
    assert.deepEqual([code, stdout], [126, '']);
    assert.ok(stderr.startsWith(`vault-shell: error: ${reason}; `), stderr);
    const row = await lastRow();
    assert.deepEqual([row?.outcome, row?.reason], ['denied', reason]);
  }

  test('a session is known by its parents too, where its environment is hidden past the hook', async () => {
    const hidden = { ...vault.environment, PATH: '/usr/bin:/bin' };
    const script = [
      'import ctypes, json, platform, sys',
      'argv, env = json.loads(sys.argv[1]), json.loads(sys.argv[2])',
      'def array(words): return (ctypes.c_char_p * (len(words) + 1))(*[w.encode() for w in words], None)',
      'number = 59 if platform.machine() == "x86_64" else 221',
      'variables = array([k + "=" + v for k, v in env.items()])',
      'ctypes.CDLL(None).syscall(number, argv[0].encode(), array(argv), variables)',
    ].join('\n');
    const argv = JSON.stringify([process.execPath, MAIN, 'policy', 't', '--uses', '9']);
    for (const program of [MAIN, BUNDLE]) {
      const inside = ['--', 'python3', '-c', script, argv, JSON.stringify(hidden)];
      const outcome = await runProgram(process.execPath, [program, ...inside], vault, {});
      assert.equal(outcome.stderr, 'vault-shell: error: policy does not work inside a session\n');
      assert.equal(outcome.code, 1);
    }
  });

  test('what is given is set, the rest is kept, and --clear takes it away', async () => {
    const directory = path.join(vault.home, 'bin');
    await vault.ok(['policy', 't', '--program', tool, '--program', 'cat', '--uses', '5']);
    await vault.ok(['policy', 't', '--cwd', directory, '--uses', '4', '--expose', 'env,file']);
    await vault.ok(['policy', 't', '--expires', '2999-01-01', '--approval', 'session']);
    const text = await vault.ok(['policy', 't']);
    assert.match(text, new RegExp(`^programs: +${tool}, \\S+/cat$`, 'm'));
    assert.match(text, new RegExp(`^cwd: +${directory}$`, 'm'));
    assert.match(text, /^exposures: +env, file$/m);
    assert.match(text, /^expires: +2999-01-01T00:00:00.000Z$/m);
    assert.match(text, /^uses: +4 left$/m);
    assert.match(text, /^approval: +session$/m);
    await vault.ok(['policy', 't', '--cwd', 'any', '--approval', 'any']);
    const json: Record<string, unknown> = JSON.parse(await vault.ok(['policy', 't', '--json']));
    assert.deepEqual(
      [json['name'], json['cwd'], json['approval'], json['asks'], json['uses']],
      ['t', null, null, 'never', 4],
    );
    await vault.ok(['policy', 't', '--clear']);
    assert.match(await vault.ok(['policy', 't']), /^programs: +any\n(.*\n)+approval: +never \(by/m);
  });

  for (const options of [
    ['--program', '/nonexistent'],
    ['--program', '/tmp'],
    ['--program', 'any', '--program', 'cat'],
    ['--cwd', '/nonexistent'],
    ['--expose', 'screen'],
    ['--expires', 'tomorrow'],
    ['--uses', '-1'],
    ['--uses', '1', '--uses', '2'],
    ['--approval', 'always'],
  ]) {
    test(`${options.join(' ')} is wrong usage, and changes nothing`, async () => {
      const { code, stderr } = await vault.run(['policy', 't', ...options]);
      assert.equal(code, 2, stderr);
      assert.match(await vault.ok(['policy', 't']), /^programs: +any$/m);
    });
  }

  test('of an unknown secret it is an error; in a session it is refused', async () => {
    assert.equal((await vault.run(['policy', 'nope', '--uses', '1'])).code, 1);
    const env = { VAULT_SHELL_SESSION: 'any' };
    for (const args of [
      ['policy', 't'],
      ['policy', 't', '--clear'],
    ]) {
      const { code, stderr } = await vault.run(args, { env });
      assert.deepEqual(
        [code, stderr],
        [1, 'vault-shell: error: policy does not work inside a session\n'],
      );
    }
  });

  test('its program is given the value, by whatever link it is called; another is not', async () => {
    const link = path.join(vault.home, 'bin', 'link');
    symlinkSync(tool, link);
    await vault.ok(['policy', 't', '--program', link]);
    for (const program of [tool, link, 'bin/../bin/link']) {
      assert.equal(await vault.ok(['-c', `${program} "$VAULT<t>"`]), '***\n');
    }
    const other = path.join(vault.home, 'other');
    copyFileSync('/bin/echo', other);
    await assertDenied(`${other} "$VAULT<t>"`, `t is not for ${other}`);
  });

  test('a script is known by its own path', async () => {
    const script = path.join(vault.home, 'bin', 'script');
    writeFileSync(script, '#!/usr/bin/perl\nprint "got $ARGV[0]\\n";\n', { mode: 0o755 });
    await vault.ok(['policy', 't', '--program', script]);
    assert.equal(await vault.ok(['-c', `${script} "$VAULT<t>"`]), 'got ***\n');
    const perl = `/usr/bin/perl -e 1 "$VAULT<t>"`;
    assert.equal((await vault.run(['-c', perl])).code, 126);
  });

  test('with a sha256, the program is given the value as long as it is that file', async () => {
    await vault.ok(['policy', 't', '--program', `${tool}@sha256`]);
    assert.equal(await vault.ok(['-c', `${tool} "$VAULT<t>"`]), '***\n');
    copyFileSync('/bin/cat', tool);
    await assertDenied(`${tool} "$VAULT<t>"`, `t is not for ${tool} as it is now (sha256)`);
    await vault.ok(['policy', 't', '--program', `${tool}@${'0'.repeat(64)}`]);
    await assertDenied(`${tool} "$VAULT<t>"`, `t is not for ${tool} as it is now (sha256)`);
  });

  test('a directory holds for what is below it, not for what begins alike', async () => {
    for (const name of ['a/b/c', 'a/bc']) {
      mkdirSync(path.join(vault.home, name), { recursive: true });
    }
    const directory = path.join(vault.home, 'a/b');
    await vault.ok(['policy', 't', '--cwd', directory]);
    for (const inside of ['a/b', 'a/b/c']) {
      assert.equal(await vault.ok(['-c', `cd ${inside} && ${tool} "$VAULT<t>"`]), '***\n');
    }
    for (const outside of ['a', 'a/bc']) {
      await assertDenied(
        `cd ${outside} && ${tool} "$VAULT<t>"`,
        `t is not for the directory ${path.join(vault.home, outside)}`,
      );
    }
  });

  test('in the environment of another program it stays text; in an argument nothing runs', async () => {
    await vault.ok(['policy', 't', '--program', tool]);
    const command = 'export T="$VAULT<t>"; printenv T; cat /dev/null && echo ran';
    assert.equal(await vault.ok(['-c', command]), '$VAULT<t>\nran\n');
    const row = await lastRow();
    assert.equal(row?.outcome, 'denied');
    assert.match(row?.reason ?? '', /^left as text: t is not for \S+\/cat$/);
    assert.equal((await vault.run(['-c', 'printenv "$VAULT<t>"'])).code, 126);
    const run = await vault.run(['run', '-s', 't', '--', 'printenv', 't']);
    assert.equal(run.code, 126);
    assert.match(run.stderr, /error: t is not for \S+\/printenv; printenv was not run/);
  });

  test('names that stay text are not in the row of those that are released', async () => {
    await vault.set('u', randomValue());
    await vault.ok(['policy', 't', '--program', tool]);
    const output = await vault.ok(['-c', 'T="$VAULT<t>" U="$VAULT<u>" printenv T U']);
    assert.equal(output, '$VAULT<t>\n***\n');
    const row = await lastRow();
    assert.deepEqual([row?.outcome, row?.secrets], ['ran', ['u']]);
  });

  test('an exposure that is not allowed is denied; one that is, is not', async () => {
    await vault.ok(['policy', 't', '--expose', 'env,stdin']);
    assert.equal(await vault.ok(['-c', 'T="$VAULT<t>" printenv T']), '***\n');
    assert.equal(await vault.ok(['-c', 'vault-shell value t | cat']), '***');
    await assertDenied(`${tool} "$VAULT<t>"`, 't may not be given by argv');
    await assertDenied('cat "$VAULT_FILE<t>"', 't may not be given by file');
  });

  test('a policy of programs is not met by a file named vault-shell', async () => {
    await vault.ok(['policy', 't', '--program', tool]);
    symlinkSync(tool, path.join(vault.home, 'vault-shell'));
    const { stdout, stderr } = await vault.run(['-c', 'vault-shell value t | cat']);
    assert.equal(stdout, '');
    assert.match(stderr, /error: t is not for \S+main\.js; nothing was written/);
  });

  test('as many uses as it has, in however many sessions at once', async () => {
    await vault.ok(['policy', 't', '--uses', '2']);
    const runs = await Promise.all(
      Array.from({ length: 4 }, async () => vault.run(['-c', `${tool} "$VAULT<t>"`])),
    );
    const codes = runs.map(({ code }) => code).toSorted((a, b) => a - b);
    assert.deepEqual(codes, [0, 0, 126, 126]);
    assert.match(await vault.ok(['policy', 't']), /^uses: +0 left$/m);
    await assertDenied(`${tool} "$VAULT<t>"`, 't has no uses left');
  });

  test('an expired secret is given to nobody, nor shown', async () => {
    await vault.ok(['policy', 't', '--expires', '2026-01-01']);
    const reason = 't has expired (2026-01-01T00:00:00.000Z)';
    await assertDenied(`${tool} "$VAULT<t>"`, reason);
    await assertDenied(`T="$VAULT<t>" ${tool} x`, reason);
    await withTerminal(openOnTerminal(vault, { args: ['reveal', 't'] }), async (terminal) => {
      assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
      assert.ok(!terminal.output().includes(value));
      assert.ok((await linesOf(terminal)).includes('vault-shell: error: t has expired'));
    });
    assert.equal((await lastRow())?.reason, 't has expired');
  });
});
