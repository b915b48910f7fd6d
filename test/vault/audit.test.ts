import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deny, grant, listAudit, recordExit, type AuditQuery } from '../../src/vault/audit.ts';
import { verifyAudit } from '../../src/vault/audit-verify.ts';

import { STORAGE_MODES } from '../../src/vault/files.ts';
import { READ, withDatabase, WRITE } from '../../src/vault/open.ts';
import { removeSecret, setSecret, showSecret } from '../../src/vault/secrets.ts';
import { createWriteQueue } from '../../src/vault/write-queue.ts';
import { makeOpenVault, request, secret, VALUE } from './fixture.ts';

const NOTHING_MORE = {
  program: null,
  pid: null,
  parents: null,
  session: null,
  agent: null,
  exposure: null,
  reason: null,
  approval: null,
};

for (const storage of STORAGE_MODES) {
  test(`a grant gives the values in order and leaves one row (${storage})`, async (t) => {
    const vault = await makeOpenVault(t, { storage });
    await setSecret(vault, 'one', secret());
    await setSecret(vault, 'two', secret('other-value-77'));
    const asked = request(['two', 'one']);
    const result = await createWriteQueue(vault).grant(asked);
    assert.ok(result.kind === 'granted');
    assert.deepEqual(
      result.values.map((value) => value.reveal()),
      ['other-value-77', VALUE],
    );
    const [row, ...more] = await listAudit(vault);
    assert.deepEqual(more, []);
    assert.deepEqual(
      { ...row, ts: undefined },
      {
        id: 1,
        ts: undefined,
        secrets: ['two', 'one'],
        command: asked.command,
        cwd: '/work',
        exit_code: null,
        outcome: 'ran',
        operation: asked.operation,
        ...NOTHING_MORE,
      },
    );
    const used = (await showSecret(vault, 'one')).last_used_at;
    assert.ok(used !== null && used >= (row?.ts ?? ''), 'last_used_at is set by the grant');
  });
}

test('one unknown name denies the whole request and is named', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'known', secret());
  assert.deepEqual(await grant(vault, request(['known', 'nope', 'nil'])), {
    kind: 'unknown',
    names: ['nope', 'nil'],
  });
  const [row] = await listAudit(vault);
  assert.equal(row?.outcome, 'denied');
  assert.deepEqual(row?.secrets, ['known', 'nope', 'nil']);
  assert.equal(row?.reason, 'unknown secrets "nope", "nil"');
  assert.equal((await showSecret(vault, 'known')).last_used_at, null);
});

test('a row says what is known of who asked and how', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, '__proto__', secret());
  const parents = [
    { pid: 41, program: '/usr/bin/bash' },
    { pid: 40, program: '/opt/a "b"\n' },
  ];
  const details = { program: '/usr/bin/curl', pid: 42, parents, session: '7-ab', agent: 'claude' };
  const exposures = new Map([['__proto__', ['env', 'argv'] as const]]);
  await grant(vault, { ...request(['__proto__']), ...details, exposures, approval: 'once' });
  await deny(vault, { ...request([]), ...details, reason: 'no \ud800 reason' });
  const [denied, ran] = await listAudit(vault);
  assert.deepEqual({ ...ran, ...details }, ran);
  assert.equal(JSON.stringify(ran?.exposure), '{"__proto__":["env","argv"]}');
  assert.equal(ran?.approval, 'once');
  assert.equal(denied?.reason, 'no \ufffd reason');
  assert.equal((await verifyAudit(vault, [])).kind, 'whole');
});

test('an operation that is repeated adds no row and answers the same', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'known', secret());
  const good = request(['known']);
  const bad = request(['nope']);
  for (let times = 0; times < 3; times += 1) {
    assert.equal((await grant(vault, good)).kind, 'granted');
    assert.equal((await grant(vault, bad)).kind, 'unknown');
    await deny(vault, request([], 'denied-operation'));
    await deny(vault, good);
  }
  assert.deepEqual(
    (await listAudit(vault)).map((row) => row.outcome),
    ['denied', 'denied', 'ran'],
  );
  await setSecret(vault, 'nope', secret());
  assert.equal((await grant(vault, bad)).kind, 'unknown', 'what was denied stays denied');
  await removeSecret(vault, 'known');
  assert.equal((await grant(vault, good)).kind, 'unknown', 'what is gone is not released');
});

test('the exit code is filled in once, and only for what ran', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'known', secret());
  const ran = request(['known']);
  const denied = request(['nope']);
  await grant(vault, ran);
  await grant(vault, denied);
  await recordExit(vault, ran.operation, 130);
  await recordExit(vault, ran.operation, 0);
  await recordExit(vault, denied.operation, 0);
  await recordExit(vault, 'no such operation', 0);
  assert.deepEqual(
    (await listAudit(vault)).map((row) => row.exit_code),
    [null, 130],
  );
});

test('the log is given newest first, limited, or for one secret', async (t) => {
  const vault = await makeOpenVault(t);
  await grant(vault, request(['a']));
  await grant(vault, request(['aa', 'b']));
  await grant(vault, request(['b', 'a']));
  const ids = async (query: AuditQuery): Promise<number[]> =>
    (await listAudit(vault, query)).map((row) => row.id);
  assert.deepEqual(await ids({}), [3, 2, 1]);
  assert.deepEqual(await ids({ limit: 2 }), [3, 2]);
  assert.deepEqual(await ids({ secret: 'a' }), [3, 1]);
  assert.deepEqual(await ids({ secret: 'b', limit: 1 }), [3]);
  assert.deepEqual(await ids({ secret: '%' }), []);
  assert.deepEqual(await ids({ outcome: 'ran' }), []);
  assert.deepEqual(await ids({ outcome: 'denied', after: 1, secret: 'a' }), [3]);
  assert.deepEqual(await ids({ since: new Date(Date.now() + 60_000).toISOString() }), []);
  const [, second] = await listAudit(vault);
  assert.ok((await ids({ since: second?.ts ?? '' })).includes(2));
});

const FORBIDDEN: readonly string[] = [
  'DELETE FROM audit_log',
  'DELETE FROM audit_log WHERE id = 1',
  "UPDATE audit_log SET outcome = 'denied'",
  "UPDATE audit_log SET command = 'x', exit_code = 1 WHERE id = 1",
  'UPDATE audit_log SET exit_code = 7 WHERE id = 2',
  'UPDATE audit_log SET exit_code = NULL WHERE id = 2',
  'UPDATE audit_log SET exit_code = exit_code WHERE id = 1',
  'UPDATE audit_log SET operation = NULL, exit_code = 1 WHERE id = 1',
  'UPDATE audit_log SET id = 9, exit_code = 1 WHERE id = 1',
  "UPDATE audit_log SET ts = '' WHERE id = 1",
  ...['program', 'parents', 'session', 'agent', 'exposure', 'reason', 'approval', 'mac'].map(
    (column) => `UPDATE audit_log SET ${column} = 'x', exit_code = 1 WHERE id = 1`,
  ),
  'UPDATE audit_log SET pid = 1, exit_code = 1 WHERE id = 1',
  "UPDATE audit_log SET exit_mac = 'x' WHERE id = 1",
  "UPDATE audit_log SET exit_mac = 'x' WHERE id = 2",
  `INSERT OR REPLACE INTO audit_log (id, ts, secrets, command, cwd, outcome)
     VALUES (1, '', '', '', '', 'ran')`,
  `REPLACE INTO audit_log (ts, secrets, command, cwd, outcome, operation)
     VALUES ('', '', '', '', 'ran', 'first')`,
  `INSERT INTO audit_log (id, ts, secrets, command, cwd, outcome) VALUES (1, '', '', '', '', 'ran')
     ON CONFLICT (id) DO UPDATE SET command = 'x'`,
  `INSERT INTO audit_log (ts, secrets, command, cwd, outcome, operation)
     VALUES ('', '', '', '', 'ran', 'first') ON CONFLICT (operation) DO UPDATE SET command = 'x'`,
  "UPDATE OR REPLACE audit_log SET operation = 'second' WHERE id = 1",
];

test('the log cannot be changed but for an exit code', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'known', secret());
  await grant(vault, request(['known'], 'first'));
  await grant(vault, request(['known'], 'second'));
  await recordExit(vault, 'second', 3);
  const before = await listAudit(vault);
  for (const sql of FORBIDDEN) {
    const attempt = withDatabase(vault, (database) => database.exec(sql), WRITE);
    await assert.rejects(attempt, /append-only/, sql);
    assert.deepEqual(await listAudit(vault), before, sql);
  }
});

test("other programs' statements of the reference design work", async (t) => {
  const vault = await makeOpenVault(t);
  const upsert = `
    INSERT INTO secrets (name, value, provider, created_at) VALUES (:name, :value, :provider, :now)
    ON CONFLICT(name) DO UPDATE SET value = excluded.value,
      provider = COALESCE(excluded.provider, secrets.provider)`;
  const list = `SELECT name, provider, account, environment, access, tags, description, created_at,
    last_used_at FROM secrets ORDER BY name`;
  const log = `INSERT INTO audit_log (ts, secrets, command, cwd, exit_code, outcome)
    VALUES ('2026-01-01T00:00:00.000Z', 'n', 'c', '/', 0, 'ran')`;
  await withDatabase(
    vault,
    async (database) => {
      await database.exec('CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY)');
      const first = { name: 'n', value: VALUE, provider: 'p', now: '2026-01-01T00:00:00.000Z' };
      await database.run(upsert, first);
      await database.run(upsert, { ...first, provider: null });
      await database.exec(log);
      await database.exec(log);
    },
    WRITE,
  );
  const rows = await withDatabase(vault, (database) => database.all(list), READ);
  assert.deepEqual(
    rows.map((row) => [row['name'], row['provider'], row['tags']]),
    [['n', 'p', '']],
  );
  assert.equal((await listAudit(vault)).length, 2);
  assert.equal((await grant(vault, request(['n']))).kind, 'granted');
});
