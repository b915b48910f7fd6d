import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { parseSince } from '../../src/cli/since.ts';
import { MAIN, makeVault, randomValue, type AuditEntry, type TestVault } from '../support/cli.ts';

interface Entry extends AuditEntry {
  readonly program: string | null;
  readonly pid: number | null;
  readonly parents: readonly { readonly pid: number; readonly program: string }[] | null;
  readonly session: string | null;
  readonly agent: string | null;
  readonly exposure: Readonly<Record<string, readonly string[]>> | null;
  readonly reason: string | null;
}

function readEntries(text: string): Entry[] {
  const entries: Entry[] = JSON.parse(text);
  return entries;
}

describe('audit', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('gh', randomValue());
  });
  after(() => vault.remove());

  const entries = async (...args: string[]): Promise<Entry[]> =>
    readEntries(await vault.ok(['audit', '--json', ...args]));

  test('rows of the hook say what ran, for whom, in which session', async () => {
    const command = '/usr/bin/env true "$VAULT<gh>"; sh -c \'true; /bin/cat "$VAULT<nope>"\'; :';
    await vault.run(['-c', command], { env: { CLAUDECODE: '1' } });
    const [denied, ran] = await entries();
    assert.match(ran?.program ?? '', /\/(true|coreutils)$/);
    assert.equal(ran?.agent, 'claude');
    assert.ok(ran.pid !== null && ran.pid > 0);
    assert.match(ran.parents?.[0]?.program ?? '', /^\/.*sh$/);
    assert.match(ran.session ?? '', /^\d+-[0-9a-f]+$/);
    assert.equal(denied?.reason, 'unknown secret "nope"');
    assert.equal(denied?.session, ran.session);
    assert.equal(denied?.parents?.length, (ran.parents?.length ?? 0) + 1);
  });

  test('rows of run and of malformed placeholders say it too', async () => {
    await vault.run(['run', '-s', 'gh', 'true', '$VAULT<gh>'], { env: { GEMINI_CLI: '1' } });
    await vault.run(['run', 'true', '$VAULT<gh']);
    const [malformed, ran] = await entries('--limit', '2');
    assert.match(ran?.program ?? '', /\/(true|coreutils)$/);
    assert.ok((ran?.parents?.length ?? 0) > 0);
    assert.equal(typeof ran?.agent, 'string');
    assert.deepEqual(ran?.exposure, { gh: ['env', 'argv'] });
    assert.match(malformed?.reason ?? '', /^malformed placeholder "\$VAULT<gh"$/);
    assert.match(await vault.ok(['audit', '--limit', '1']), / # malformed placeholder/);
  });

  test('--outcome and --since choose rows, with --limit and --secret', async () => {
    const all = await entries();
    const denied = await entries('--outcome', 'denied');
    assert.deepEqual(
      denied.map(({ id }) => id),
      all.filter(({ outcome }) => outcome === 'denied').map(({ id }) => id),
    );
    assert.equal((await entries('--outcome=denied', '--secret=nope', '--limit=5')).length, 1);
    assert.deepEqual(await entries('--since', '1h'), all);
    assert.deepEqual(await entries('--since', all[0]?.ts ?? ''), all.slice(0, 1));
    assert.deepEqual(await entries('--since', '2999-01-01'), []);
  });

  test('bad input is one clear line and 2', async () => {
    for (const [args, says] of [
      [['--since', 'yesterday'], /--since wants a time such as /],
      [['--since', '2026-02-30'], /--since wants/],
      [['--since', ''], /--since wants/],
      [['--since', '1y'], /--since wants/],
      [['--outcome', 'maybe'], /outcome/],
      [['verify', '--limit', '1'], /audit verify looks at all rows/],
      [['verify', '--follow'], /audit verify looks at all rows/],
      [['--accept'], /--accept goes with audit verify/],
    ] as const) {
      const { code, stdout, stderr } = await vault.run(['audit', ...args]);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, /^vault-shell: error: .*\n(vault-shell: hint: .*\n)?$/);
      assert.match(stderr, says);
    }
  });

  test('verify: one line and 0', async () => {
    const count = (await entries()).length;
    assert.equal(await vault.ok(['audit', 'verify']), `${String(count)} rows, chain whole\n`);
  });

  test('--follow prints rows of other processes as they come, until SIGINT', async () => {
    const follow = spawn(
      process.execPath,
      [MAIN, 'audit', '--follow', '--json', '--limit', '1', '--secret', 'gh'],
      { env: vault.environment, cwd: vault.home, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const lines = createInterface({ input: follow.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<Entry> => {
      const { value } = await lines.next();
      const entry: Entry = JSON.parse(String(value));
      return entry;
    };
    const old = await next();
    for (const code of ['3', '4']) {
      await vault.run(['run', '-s', 'nope', 'true']);
      await vault.run(['run', '-s', 'gh', 'sh', '-c', `exit ${code}`]);
      const row = await next();
      assert.equal(row.command, `sh -c 'exit ${code}'`);
      assert.ok(row.id > old.id);
    }
    follow.kill('SIGINT');
    assert.deepEqual(await once(follow, 'exit'), [0, null]);
    assert.equal((await lines.next()).done, true);
  });

  test('--follow ends quietly when its reader goes', async () => {
    const follow = spawn(process.execPath, [MAIN, 'audit', '--follow'], {
      env: vault.environment,
      cwd: vault.home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complaints = '';
    follow.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const [head]: string[] = await once(createInterface({ input: follow.stdout }), 'line');
    assert.match(head ?? '', /^ID +TIME +OUTCOME +EXIT +SECRETS +DIRECTORY +COMMAND$/);
    follow.stdout.destroy();
    const ended = once(follow, 'exit');
    while (follow.exitCode === null) {
      // Its first reading may come after the first of these rows.
      await vault.run(['run', '-s', 'gh', 'true']);
    }
    assert.deepEqual(await ended, [0, null]);
    assert.equal(complaints, '');
  });
});

describe('an older vault.db', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('gh', randomValue());
  });
  after(() => vault.remove());

  test('is noticed by verify and when a session starts, until it is accepted', async () => {
    const database = path.join(vault.directory, 'vault.db');
    const json = path.join(vault.directory, 'vault.json');
    const copy = path.join(vault.home, 'copy');
    await vault.ok(['run', '-s', 'gh', 'true']);
    copyFileSync(database, copy);
    await vault.ok(['run', '-s', 'gh', 'true']);
    const { audit_head: head }: { audit_head: { id: number } } = JSON.parse(
      readFileSync(json, 'utf8'),
    );
    assert.equal(head.id, 2);
    assert.equal(statSync(json).mode & 0o777, 0o600);
    copyFileSync(copy, database);

    const verify = await vault.run(['audit', 'verify']);
    assert.deepEqual([verify.code, verify.stdout], [1, '']);
    assert.match(verify.stderr, /error: row 2 is missing: vault\.json knows the log up to row 2\n/);
    const session = await vault.run(['-c', ':']);
    assert.equal(session.code, 0);
    assert.match(session.stderr, /^vault-shell: warning: vault\.db lacks rows of the log/);

    const inside = await vault.run(['audit', 'verify', '--accept'], {
      env: { VAULT_SHELL_SESSION: '1-a' },
    });
    assert.equal(inside.code, 1);
    assert.equal(await vault.ok(['audit', 'verify', '--accept']), '1 row, chain whole\n');
    assert.equal(await vault.ok(['audit', 'verify']), '1 row, chain whole\n');
    assert.equal((await vault.run(['-c', ':'])).stderr, '');
  });
});

test('--since takes ISO times, in UTC unless they say, and times ago', () => {
  const now = Date.parse('2026-03-01T12:00:00.000Z');
  for (const [given, means] of [
    ['10m', '2026-03-01T11:50:00.000Z'],
    ['2h', '2026-03-01T10:00:00.000Z'],
    ['3d', '2026-02-26T12:00:00.000Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31 09:00', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T09:00:01.5Z', '2026-01-31T09:00:01.500Z'],
    ['2026-01-31t09:00+0200', '2026-01-31T07:00:00.000Z'],
    ['2026-01-31T09:00-02:30', '2026-01-31T11:30:00.000Z'],
  ] as const) {
    assert.equal(parseSince(given, now), means, given);
  }
  for (const given of [
    '',
    '10',
    'm',
    '-1h',
    '2026',
    '2026-13-01',
    '2026-02-29',
    '2026-01-01T25:00',
  ]) {
    assert.throws(() => parseSince(given, now), /--since wants/, given);
  }
});
