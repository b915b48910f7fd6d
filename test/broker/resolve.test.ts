import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VaultShellError } from '../../src/base/errors.ts';
import type { Question } from '../../src/broker/approver.ts';
import { resolve, type ResolveRequest } from '../../src/broker/resolve.ts';
import { decide } from '../../src/broker/policy.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';

const VALUE = 's3cr3t-value-42';

function setUp(values: Readonly<Record<string, string>> = { gh: VALUE }): {
  store: MemoryStore;
  ask: (request: Partial<ResolveRequest>) => ReturnType<typeof resolve>;
} {
  const store = createMemoryStore(values);
  return {
    store,
    ask: async (request) =>
      resolve(
        {
          store,
          onRelease: () => store.log.push('release'),
          redactText: (text) => text.replaceAll(VALUE, '***'),
        },
        {
          program: '/bin/echo',
          argv: ['echo', '$VAULT<gh>'],
          cwd: '/tmp',
          names: ['gh'],
          ...request,
        },
      ),
  };
}

function messageOf(resolution: Awaited<ReturnType<typeof resolve>>): string {
  assert.equal(resolution.kind, 'denied');
  return resolution.kind === 'denied' ? resolution.message : '';
}

test('the row is committed first, the redactors know the value second, the answer is last [G3]', async () => {
  const { store, ask } = setUp();
  const resolution = await ask({});
  store.log.push('answer');
  assert.deepEqual(store.log, ['grant', 'release', 'answer']);
  assert.equal(resolution.kind, 'released');
  if (resolution.kind !== 'released') return;
  assert.deepEqual(
    resolution.values.map((value) => value?.reveal()),
    [VALUE],
  );
  assert.equal(store.rows[0]?.operation, resolution.operation);
  assert.equal(store.rows[0]?.command, `echo '$VAULT<gh>'`);
});

test('values come in the order of the names', async () => {
  const { ask } = setUp({ a: 'value-of-a', b: 'value-of-b' });
  const resolution = await ask({ names: ['b', 'a'] });
  assert.equal(resolution.kind, 'released');
  const values = resolution.kind === 'released' ? resolution.values : [];
  assert.deepEqual(
    values.map((value) => value?.reveal()),
    ['value-of-b', 'value-of-a'],
  );
});

test('one unknown name among known ones releases nothing', async () => {
  const { store, ask } = setUp();
  const message = messageOf(await ask({ names: ['gh', 'nope'] }));
  assert.equal(message, 'unknown secret "nope"; /bin/echo was not run');
  assert.deepEqual(store.log, ['grant']);
  assert.equal(store.rows[0]?.outcome, 'denied');
});

test('of many unknown names a few are shown', async () => {
  const { ask } = setUp();
  const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const message = messageOf(await ask({ names }));
  assert.equal(
    message,
    'unknown secrets "n0", "n1", "n2", "n3", "n4" and 95 more; /bin/echo was not run',
  );
});

const denials: readonly [string, Partial<ResolveRequest>, string][] = [
  [
    'a malformed placeholder',
    { argv: ['echo', 'a $VAULT<g h>'], malformed: true },
    'malformed placeholder "$VAULT<g h>"; /bin/echo was not run',
  ],
  [
    'a malformed placeholder in the environment',
    { argv: ['echo'], malformed: true },
    'malformed placeholder in the environment; /bin/echo was not run',
  ],
  ['a name that is none', { names: ['../x y'] }, 'malformed placeholder in the environment'],
  ['no name at all', { names: [] }, 'no secret was asked for'],
  ['a process in foreign memory', { sharesMemory: true }, "a process that runs in its parent's"],
];

for (const [what, request, expected] of denials) {
  test(`${what} is denied with a row and without a look-up`, async () => {
    const { store, ask } = setUp();
    const message = messageOf(await ask({ argv: ['echo'], ...request }));
    assert.ok(message.startsWith(expected), message);
    assert.deepEqual(store.log, ['deny']);
  });
}

test('a store in trouble denies, and its words do not come out', async () => {
  const { store, ask } = setUp();
  store.trouble = new Error(`cannot decrypt ${VALUE}`);
  assert.equal(messageOf(await ask({})), 'the vault cannot be used; /bin/echo was not run');
  store.trouble = new VaultShellError('VAULT_BUSY', 'busy');
  assert.equal(messageOf(await ask({})), 'the vault is busy; /bin/echo was not run');
  store.trouble = new Error('x');
  assert.equal(
    messageOf(await ask({ malformed: true })),
    'the vault cannot be used; /bin/echo was not run',
  );
  assert.deepEqual(store.log, []);
});

test('redactors that fail keep the value in', async () => {
  const { store } = setUp();
  const resolution = await resolve(
    {
      store,
      onRelease() {
        throw new Error('no');
      },
      redactText: (text) => text,
    },
    { program: '/bin/echo', argv: ['echo'], cwd: '/', names: ['gh'] },
  );
  assert.equal(resolution.kind, 'denied');
});

test('a value in the command is masked in the row and in the message', async () => {
  const { store, ask } = setUp();
  const message = messageOf(
    await ask({
      program: `/opt/${VALUE}`,
      argv: ['x', `$VAULT<${VALUE} \u001b[31m`],
      cwd: `/home/${VALUE}`,
      malformed: true,
    }),
  );
  assert.equal(message.includes(VALUE), false, message);
  assert.equal(message.includes('\u001b'), false);
  assert.equal(JSON.stringify(store.rows).includes(VALUE), false);
});

const asker = {
  pid: 7,
  program: `/opt/${VALUE}/bash`,
  parents: [{ pid: 6, program: `/home/${VALUE}/agent` }],
  agent: undefined,
};

for (const [what, file] of [
  ['a path', `/opt/${VALUE}`],
  ['a path with a line end', `/opt/\n/${VALUE}`],
] as const) {
  test(`a value in ${what} is masked in every column of a row`, async () => {
    const { store, ask } = setUp();
    store.policies.set('gh', { cwd: '/elsewhere' });
    const request = { file, cwd: `/home/${VALUE}`, asker, spawns: true };
    await ask({ ...request, exposures: new Map([['gh', ['env']]]), optional: new Set(['gh']) });
    store.policies.set('gh', { programs: [] });
    await ask(request);
    assert.deepEqual(
      store.rows.map(({ reason }) => reason?.startsWith('left as text: ')),
      [true, false],
    );
    for (const row of store.rows) {
      assert.deepEqual(
        [row.program, row.cwd, row.parents?.map(({ program }) => program)],
        [file.replace(VALUE, '***'), '/home/***', ['/opt/***/bash', '/home/***/agent']],
      );
      assert.equal(JSON.stringify(row).includes(VALUE), false);
    }
  });
}

test('a value in a path is masked where a human is asked', async () => {
  const { store } = setUp();
  store.infos.set('gh', { access: 'admin' });
  const shown: Question[] = [];
  await resolve(
    {
      store,
      onRelease: () => undefined,
      redactText: (text) => text.replaceAll(VALUE, '***'),
      approver: {
        settle: () => Promise.resolve(),
        async approve(question) {
          shown.push(question);
          return { kind: 'refused', reason: 'no', unanswered: false };
        },
      },
    },
    {
      program: '/bin/echo',
      argv: ['echo', VALUE],
      cwd: `/home/${VALUE}`,
      names: ['gh'],
      file: `/opt/${VALUE}`,
      asker,
    },
  );
  assert.deepEqual(
    shown.map(({ request }) => request),
    [
      {
        command: 'echo ***',
        cwd: '/home/***',
        file: '/opt/***',
        asker: {
          ...asker,
          program: '/opt/***/bash',
          parents: [{ pid: 6, program: '/home/***/agent' }],
        },
      },
    ],
  );
});

test('a long command is cut after it was redacted', async () => {
  const { store, ask } = setUp();
  await ask({ argv: ['x', `${'y'.repeat(64 * 1024 - 8)}${VALUE}${'z'.repeat(100)}`] });
  const command = store.rows[0]?.command ?? '';
  assert.equal(command.length, 64 * 1024 + 4);
  assert.ok(command.endsWith(' ...'));
  assert.equal(command.includes('s3cr'), false);
});

test('the policy allows only a sound request that asks for something', () => {
  for (const malformed of [false, true]) {
    for (const sharesMemory of [false, true]) {
      for (const names of [0, 1]) {
        const allowed = !malformed && !sharesMemory && names > 0;
        assert.equal(decide({ malformed, sharesMemory, names }).kind, allowed ? 'allow' : 'deny');
      }
    }
  }
});
