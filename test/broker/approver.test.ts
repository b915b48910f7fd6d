import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovalRequest, AskHuman, Verdict } from '../../src/broker/approval.ts';
import { createApprover, type ApproverOptions, type Outcome } from '../../src/broker/approver.ts';
import { NO_POLICY, type Policy } from '../../src/vault/rules.ts';
import { deferred } from '../../src/session/deferred.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';

interface Question {
  readonly name?: string;
  /** Null: not known. */
  readonly file?: string | null;
  readonly approval?: 'once' | 'session';
  readonly environment?: string;
  readonly policy?: Partial<Policy>;
  readonly signal?: AbortSignal;
  readonly process?: number;
}

function setUp(options: Partial<ApproverOptions> = {}): {
  store: MemoryStore;
  approve: (question?: Question) => Promise<Outcome>;
} {
  const store = createMemoryStore({});
  const approver = createApprover({ store, session: '1-abc', ...options });
  return {
    store,
    approve: async ({
      name = 'gh',
      file = '/bin/cat',
      approval = 'once',
      environment = 'prod',
      policy = {},
      signal,
      process,
    } = {}) => {
      const info = {
        name,
        provider: null,
        account: null,
        environment,
        access: null,
        tags: '',
        description: null,
        created_at: '2026-01-01T00:00:00.000Z',
        last_used_at: null,
      };
      const known = file ?? undefined;
      const request = { command: 'cat', cwd: '/tmp', asker: undefined, file: known };
      const asked = [{ rules: { info, policy: { ...NO_POLICY, ...policy } }, approval }];
      return approver.approve({ asked, file: known, process, request }, signal);
    },
  };
}

/** Answers as it is told, in order, and keeps what it was asked. */
function answering(...verdicts: Verdict[]): { askHuman: AskHuman; seen: ApprovalRequest[] } {
  const seen: ApprovalRequest[] = [];
  return {
    seen,
    askHuman: async (request) => {
      seen.push(request);
      return Promise.resolve(verdicts.shift() ?? 'deny');
    },
  };
}

function howOf(outcome: Outcome): string {
  return outcome.kind === 'approved' ? outcome.how : outcome.reason;
}

test('a yes of the dialog counts once, and then is asked again', async () => {
  const { askHuman, seen } = answering('once', 'deny');
  const { approve, store } = setUp({ askHuman });
  assert.deepEqual(await approve(), { kind: 'approved', how: 'once by dialog' });
  assert.deepEqual(await approve(), {
    kind: 'refused',
    reason: 'gh was denied by dialog',
    unanswered: false,
  });
  assert.equal(seen.length, 2);
  assert.deepEqual(
    [seen[0]?.session, seen[0]?.command, seen[0]?.secrets.map(({ name }) => name)],
    ['1-abc', 'cat', ['gh']],
  );
  await store.waitForPending((pending) => pending.length === 0);
});

test('a yes for the session holds for this secret and this program', async () => {
  const { askHuman, seen } = answering('session');
  const { approve } = setUp({ askHuman });
  for (let time = 0; time < 3; time++) {
    assert.equal(howOf(await approve()), 'session by dialog');
  }
  assert.equal(seen.length, 1);
  assert.equal((await approve({ file: '/bin/other' })).kind, 'refused');
  assert.equal((await approve({ name: 'db' })).kind, 'refused');
});

test('a yes for the session ends when the policy or the sensitive attributes change', async () => {
  for (const change of [{ environment: 'dev' }, { policy: { cwd: '/elsewhere' } }]) {
    const { askHuman, seen } = answering('session', 'once');
    const { approve } = setUp({ askHuman });
    assert.equal(howOf(await approve()), 'session by dialog');
    assert.equal(howOf(await approve(change)), 'once by dialog');
    assert.equal(seen.length, 2);
  }
});

test('a yes for an unknown program is never remembered', async () => {
  const { askHuman, seen } = answering('session', 'session');
  const { approve } = setUp({ askHuman });
  await approve({ file: null });
  await approve({ file: null });
  assert.equal(seen.length, 2);
});

test('a process that was refused and asks the same again is not asked about again', async () => {
  const { askHuman, seen } = answering('deny', 'once', 'once');
  const { approve } = setUp({ askHuman });
  for (let time = 0; time < 2; time++) {
    assert.equal(howOf(await approve({ process: 7 })), 'gh was denied by dialog');
  }
  assert.equal(seen.length, 1);
  assert.equal((await approve({ process: 8 })).kind, 'approved');
  assert.equal((await approve({ process: 7, file: '/bin/other' })).kind, 'approved');
});

test('where the policy says session, any yes holds for it', async () => {
  const { askHuman, seen } = answering('once');
  const { approve } = setUp({ askHuman });
  assert.equal(howOf(await approve({ approval: 'session' })), 'once by dialog');
  assert.equal(howOf(await approve({ approval: 'session' })), 'session by dialog');
  assert.equal(seen.length, 1);
});

test('an answer of another process ends the dialog', async () => {
  const ended = deferred<void>();
  const { approve, store } = setUp({
    askHuman: async (_request, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended.resolve();
      return 'deny';
    },
  });
  const outcome = approve();
  const [pending] = await store.waitForPending(({ length }) => length === 1);
  store.verdicts.set(pending?.id ?? '', 'once');
  assert.equal(howOf(await outcome), 'once by approve');
  await ended.promise;
  assert.equal(store.pending.size, 0);
});

test('an answer that is none of the three is a no', async () => {
  const { approve, store } = setUp();
  const outcome = approve();
  const [pending] = await store.waitForPending(({ length }) => length === 1);
  store.verdicts.set(pending?.id ?? '', 'yes');
  assert.equal(howOf(await outcome), 'gh was denied by approve');
});

test('a dialog that fails is a no', async () => {
  const { approve } = setUp({ askHuman: async () => Promise.reject(new Error('no')) });
  assert.equal(howOf(await approve()), 'gh was denied by dialog');
});

test('nobody answers: refused when the time is over, and the question goes', async () => {
  const { approve, store } = setUp({ timeoutMs: 100 });
  assert.deepEqual(await approve(), {
    kind: 'refused',
    reason: 'gh was not approved within 0.1 s',
    unanswered: true,
  });
  await store.waitForPending((pending) => pending.length === 0);
});

test('nobody can be asked: refused at once', async () => {
  const { approve, store } = setUp();
  store.trouble = new Error('busy');
  assert.match(howOf(await approve()), /nobody could be asked/);
});

test('who asks is gone: the question goes, and the next one has its turn', async () => {
  const { approve, store } = setUp();
  const gone = new AbortController();
  const first = approve({ signal: gone.signal });
  await store.waitForPending(({ length }) => length === 1);
  const second = approve({ name: 'db' });
  gone.abort();
  assert.match(howOf(await first), /while the program waited/);
  await store.waitForPending((all) => all.some(({ secrets }) => secrets === 'db'));
  for (const { id } of store.pending.values()) store.verdicts.set(id, 'deny');
  assert.equal(howOf(await second), 'db was denied by approve');
});

test('one question at a time; a yes for the session answers those that wait for the same', async () => {
  const answer = deferred<Verdict>();
  let asked = 0;
  const { approve } = setUp({
    askHuman: async () => {
      asked += 1;
      return answer.promise;
    },
  });
  const outcomes = Promise.all([approve(), approve(), approve()]);
  answer.resolve('session');
  assert.deepEqual((await outcomes).map(howOf), Array(3).fill('session by dialog'));
  assert.equal(asked, 1);
});

test('the time of a question goes on while it waits for its turn', async () => {
  const over = deferred<Verdict>();
  // Of no use as a dialog: it does not even end when it is told to.
  const { approve } = setUp({ timeoutMs: 150, askHuman: async () => over.promise });
  const outcomes = await Promise.all([approve(), approve({ name: 'db' })]);
  assert.ok(outcomes.every((outcome) => outcome.kind === 'refused' && outcome.unanswered));
  over.resolve('once');
});

for (const verdict of ['deny', 'once', 'session'] as const) {
  test(`VAULT_SHELL_APPROVE=${verdict} answers without asking`, async () => {
    const { askHuman, seen } = answering('once');
    const { approve, store } = setUp({ verdict, askHuman });
    const expected =
      verdict === 'deny'
        ? 'gh was denied by VAULT_SHELL_APPROVE'
        : `${verdict} by VAULT_SHELL_APPROVE`;
    assert.equal(howOf(await approve()), expected);
    assert.deepEqual([seen.length, store.pending.size], [0, 0]);
  });
}
