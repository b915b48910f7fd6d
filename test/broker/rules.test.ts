import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolve, type ResolveRequest } from '../../src/broker/resolve.ts';
import type { Rules } from '../../src/vault/rules.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';

const CAT = [{ path: '/bin/cat', sha256: null }];

function setUp(): {
  store: MemoryStore;
  ask: (request?: Partial<ResolveRequest>) => ReturnType<typeof resolve>;
} {
  const store = createMemoryStore({ gh: 'value-of-gh', db: 'value-of-db' });
  const rules = new Map<string, Rules>();
  return {
    store,
    ask: async (request = {}) =>
      resolve(
        { store, rules, onRelease: () => undefined, redactText: (text) => text },
        {
          program: '/bin/cat',
          file: '/bin/cat',
          argv: ['cat'],
          cwd: '/tmp',
          names: ['gh', 'db'],
          exposures: new Map([
            ['gh', ['env']],
            ['db', ['env']],
          ]),
          ...request,
        },
      ),
  };
}

test('what a program may not have stays text in its environment, and is not in the row', async () => {
  const { store, ask } = setUp();
  store.policies.set('db', { programs: [{ path: '/bin/psql', sha256: null }] });
  const resolution = await ask({ optional: new Set(['gh', 'db']) });
  assert.equal(resolution.kind, 'released');
  const values = resolution.kind === 'released' ? resolution.values : [];
  assert.deepEqual(
    values.map((value) => value?.reveal()),
    ['value-of-gh', undefined],
  );
  const [row] = store.rows;
  assert.deepEqual([row?.outcome, row?.names], ['ran', ['gh']]);
  assert.deepEqual([...(row?.exposures?.keys() ?? [])], ['gh']);
});

test('where it may not stay text, nothing is released', async () => {
  const { store, ask } = setUp();
  store.policies.set('db', { programs: [{ path: '/bin/psql', sha256: null }] });
  const resolution = await ask({ optional: new Set(['gh']) });
  assert.deepEqual(resolution, {
    kind: 'denied',
    message: 'db is not for /bin/cat; /bin/cat was not run',
  });
  assert.deepEqual(
    store.rows.map(({ outcome, reason }) => [outcome, reason]),
    [['denied', 'db is not for /bin/cat']],
  );
});

test('when all stays text there is one row, a denial that says so', async () => {
  const { store, ask } = setUp();
  store.policies.set('db', { cwd: '/a' });
  const resolution = await ask({ names: ['db'], optional: new Set(['db']) });
  assert.equal(resolution.kind, 'text');
  assert.deepEqual(
    store.rows.map(({ outcome, reason }) => [outcome, reason]),
    [['denied', 'left as text: db is not for the directory /tmp']],
  );
});

test('a policy that another process changed holds at once, in both directions', async () => {
  const { store, ask } = setUp();
  assert.equal((await ask()).kind, 'released');
  store.policies.set('gh', { exposures: ['file'] });
  assert.equal((await ask()).kind, 'denied');
  store.policies.set('gh', { exposures: ['env'], programs: CAT });
  assert.equal((await ask()).kind, 'released');
  store.policies.delete('gh');
  store.infos.set('gh', { environment: 'prod' });
  assert.equal((await ask()).kind, 'denied');
  store.infos.delete('gh');
  assert.equal((await ask()).kind, 'released');
});

test('most grants take one transaction, and so do those of a policy that is known', async () => {
  const { store, ask } = setUp();
  let reads = 0;
  const rules = store.rules.bind(store);
  store.rules = async (names) => {
    reads += 1;
    return rules(names);
  };
  await ask();
  store.policies.set('gh', { programs: CAT });
  await ask();
  store.log.length = 0;
  await ask();
  assert.deepEqual([store.log, reads], [['grant'], 0]);
});

test('rules that change with every look are refused in the end', async () => {
  const { store, ask } = setUp();
  const grant = store.grant.bind(store);
  let uses = 0;
  store.grant = async (request) => {
    uses += 1;
    store.policies.set('gh', { cwd: uses % 2 === 0 ? '/' : '/tmp' });
    return grant(request);
  };
  const resolution = await ask();
  assert.equal(resolution.kind, 'denied');
  assert.equal(store.rows.at(-1)?.reason, 'the policy keeps changing');
});

test('without anyone to ask, what needs an approval is denied', async () => {
  const { store, ask } = setUp();
  store.infos.set('db', { access: 'admin' });
  const resolution = await ask({ optional: new Set(['gh', 'db']) });
  assert.equal(resolution.kind, 'denied');
  assert.deepEqual(
    store.rows.map(({ outcome, reason }) => [outcome, reason]),
    [['denied', "db needs a human's approval"]],
  );
});
