import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { listAudit } from '../../src/vault/audit.ts';
import { verifyAudit } from '../../src/vault/audit-verify.ts';
import { vaultPaths } from '../../src/vault/files.ts';
import type { OpenVault } from '../../src/vault/open.ts';
import { setSecret } from '../../src/vault/secrets.ts';
import { createWriteQueue } from '../../src/vault/write-queue.ts';
import { makeOpenVault, request, secret, VALUE } from './fixture.ts';

test('grants and denials asked for at once each get their row, in order, in one chain', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'one', secret());
  const queue = createWriteQueue(vault);
  const asked = Array.from({ length: 100 }, (_, n) => request([n % 10 === 9 ? 'nope' : 'one']));
  const results = await Promise.all(asked.map((each) => queue.grant(each)));
  for (const [n, result] of results.entries()) {
    if (n % 10 === 9) assert.deepEqual(result, { kind: 'unknown', names: ['nope'] });
    else assert.equal(result.kind === 'granted' && result.values[0]?.reveal(), VALUE);
  }
  const rows = (await listAudit(vault)).toReversed();
  assert.deepEqual(
    rows.map((row) => row.operation),
    asked.map((each) => each.operation),
  );
  assert.equal((await verifyAudit(vault, [])).kind, 'whole');
});

test('a row is on disk when its grant resolves, and no log of the engine is left', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'one', secret());
  const queue = createWriteQueue(vault);
  await Promise.all([queue.grant(request(['one'])), queue.deny(request(['one']))]);
  assert.equal(statSync(vaultPaths(vault.directory).wal).size, 0);
  assert.equal((await listAudit(vault)).length, 2);
});

test('an exit code waits a moment, and comes with the next grant or by itself', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'one', secret());
  const queue = createWriteQueue(vault);
  const [first, second] = [request(['one']), request(['one'])];
  await queue.grant(first);
  const recorded = queue.recordExit(first.operation, 3);
  await queue.grant(second);
  assert.deepEqual(await exitCodes(vault), [3, null]);
  await recorded;
  await queue.recordExit(second.operation, 0);
  assert.deepEqual(await exitCodes(vault), [3, 0]);
});

test('one request that cannot be stored does not fail the others', async (t) => {
  const vault = await makeOpenVault(t);
  await setSecret(vault, 'one', secret());
  const queue = createWriteQueue(vault);
  // The first is under way by itself: the next three share a transaction.
  const under = queue.grant(request(['one']));
  const impossible = { ...request(['one']), command: undefined as unknown as string };
  const outcomes = await Promise.allSettled([
    queue.grant(request(['one'])),
    queue.grant(impossible),
    queue.deny(request(['one'])),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  await under;
  assert.deepEqual(
    (await listAudit(vault)).map((row) => row.outcome),
    ['denied', 'ran', 'ran'],
  );
});

async function exitCodes(vault: OpenVault): Promise<(number | null)[]> {
  return (await listAudit(vault)).toReversed().map((row) => row.exit_code);
}
