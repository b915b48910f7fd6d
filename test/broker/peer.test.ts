import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { native } from '../../src/base/native.ts';
import { identifyPeer, type PeerSystem } from '../../src/broker/peer.ts';
import { startHookSession, type HookSession } from '../support/hook-environment.ts';
import { whenDone } from '../support/cleanup.ts';

const ASKER = fileURLToPath(new URL('../support/asker.js', import.meta.url));
const STRANGER = 'denied: the asking process is not of this session';
const LIE = 'denied: the request is not of the process that sent it';
/** Waits until who started it has ended. */
const ORPHANED = 'while [ "$(cut -d" " -f4 /proc/$$/stat)" = "$STARTER" ]; do :; done; exec "$@"';

async function setUp(t: TestContext): Promise<HookSession> {
  const session = await startHookSession({ gh: 's3cr3t-value-42' });
  // Without the hook: what asks here is the asker alone.
  session.environment['LD_PRELOAD'] = '';
  whenDone(t, async () => session.close());
  return session;
}

const asking = (session: HookSession, what: string): string[] => [
  process.execPath,
  ASKER,
  session.broker.socketPath,
  session.session,
  what,
];

async function ask(session: HookSession, ...command: readonly string[]): Promise<string> {
  const [program = '', ...args] = command;
  const { stdout, stderr } = await session.run(program, args);
  assert.equal(stderr, '');
  return stdout.trimEnd();
}

/** With a process between the asker and the session: what a child of the session says of its parent would be believed. */
async function askFromFurtherDown(session: HookSession, what: string): Promise<string> {
  return ask(session, '/bin/sh', '-c', '"$@"; true', 'sh', ...asking(session, what));
}

for (const what of ['truth', 'spawn']) {
  test(`a child of the session gets its values (${what})`, async (t) => {
    const session = await setUp(t);
    assert.equal(await ask(session, ...asking(session, what)), 'values');
    const nested = ['/bin/sh', '-c', '"$@"; true', 'sh', 'env', ...asking(session, what)];
    assert.equal(await ask(session, ...nested), 'values', 'its grandchildren too');
  });
}

for (const what of ['another pid', 'another ppid', 'a spawn of its parent']) {
  test(`who names ${what} is refused, with a row`, async (t) => {
    const session = await setUp(t);
    const answer = await askFromFurtherDown(session, what);
    assert.equal(answer, `${LIE}; /bin/echo was not run`);
    assert.deepEqual(
      session.store.rows.map((row) => row.outcome),
      ['denied'],
    );
    assert.deepEqual(session.released, []);
  });
}

for (const what of [
  'a hello of another',
  'a hello from further down',
  'a spawned of another',
  'a reaped of another',
]) {
  test(`${what} is refused`, async (t) => {
    const session = await setUp(t);
    const answer = await askFromFurtherDown(session, what);
    assert.equal(answer, LIE);
    assert.deepEqual(session.greeted, []);
    assert.deepEqual(session.store.rows, []);
  });
}

for (const adopts of [true, false]) {
  const fate = adopts ? 'is the session’s when it adopts it' : 'is a stranger when it does not';
  test(`a daemon whose parents have ended ${fate}`, async (t) => {
    const session = await setUp(t);
    native().setSubreaper(adopts);
    whenDone(t, () => native().setSubreaper(false));
    const daemon = ['setsid', 'sh', '-c', ORPHANED, 'sh', ...asking(session, 'truth')];
    // The output ends with the daemon, which holds the pipe.
    const answer = await ask(session, '/bin/sh', '-c', 'STARTER=$$ "$@" &', 'sh', ...daemon);
    assert.equal(answer, adopts ? 'values' : `${STRANGER}; /bin/echo was not run`);
    const outcomes = session.store.rows.map((row) => row.outcome);
    assert.deepEqual(outcomes, [adopts ? 'ran' : 'denied']);
  });
}

const NEW_PIDS = ['--fork', '--pid', '--map-root-user'];
const unshared = spawnSync('unshare', [...NEW_PIDS, 'true']).status === 0;

test(
  'a process that has another pid namespace is refused',
  { skip: unshared ? false : 'unshare --pid is not allowed here' },
  async (t) => {
    const session = await setUp(t);
    const answer = await ask(session, 'unshare', ...NEW_PIDS, ...asking(session, 'truth'));
    assert.equal(answer, `${LIE}; /bin/echo was not run`);
    assert.deepEqual(session.released, []);
  },
);

/** A process table: who is whose parent. `at` changes it before the n-th look. */
function tableOf(parents: Record<number, number>, at: Record<number, () => void> = {}): PeerSystem {
  let looks = 0;
  return {
    peerCredentials: () => ({ pid: 50, uid: process.geteuid?.() ?? 0, gid: 0 }),
    parentOf(pid) {
      at[(looks += 1)]?.();
      const parent = parents[pid];
      if (parent === undefined) throw new Error('ESRCH');
      return parent;
    },
  };
}

/** A socket as far as it is looked at. */
function socketOf(fd: unknown): Socket {
  const socket = new Socket();
  Reflect.set(socket, '_handle', { fd, close: () => undefined });
  return socket;
}

test('the tree decides who is a member', () => {
  const kindOf = (system: PeerSystem): string => identifyPeer(system, socketOf(3), 10).kind;
  assert.equal(kindOf(tableOf({ 50: 10 })), 'member');
  assert.equal(kindOf(tableOf({ 50: 40, 40: 30, 30: 10, 10: 1 })), 'member');
  assert.equal(kindOf(tableOf({ 50: 40, 40: 1, 10: 1 })), 'stranger');
  assert.equal(kindOf(tableOf({ 50: 0 })), 'stranger', 'of another pid namespace');
  assert.equal(kindOf(tableOf({})), 'stranger');
  assert.equal(kindOf(tableOf({ 50: 40, 40: 50 })), 'stranger', 'a circle has an end');
  assert.equal(
    identifyPeer(tableOf({ 50: 1 }), socketOf(3), 1).kind,
    'member',
    'the session is pid 1',
  );
});

test('a parent whose pid is used again on the way up makes no member', () => {
  const parents: Record<number, number> = { 50: 40, 40: 30, 30: 1 };
  const reuse = (): void => {
    parents[50] = 1; // its parent has ended
    parents[40] = 10; // and the session has started another of that pid
  };
  for (const look of [2, 3]) {
    const system = tableOf({ ...parents }, {});
    assert.equal(identifyPeer(system, socketOf(3), 10).kind, 'stranger');
    const racing = tableOf(parents, { [look]: reuse });
    assert.equal(identifyPeer(racing, socketOf(3), 10).kind, 'stranger', `at look ${look}`);
    Object.assign(parents, { 50: 40, 40: 30 });
  }
});

test('a parent that ends on the way up does not make a stranger', () => {
  const parents: Record<number, number> = { 50: 40, 40: 10 };
  const system = tableOf(parents, {
    2: () => {
      delete parents[40];
      parents[50] = 10;
    },
  });
  assert.equal(identifyPeer(system, socketOf(3), 10).kind, 'member');
});

test('another user, a peer that is gone and a socket without a descriptor are strangers', () => {
  const good = tableOf({ 50: 10 });
  const other: PeerSystem = {
    ...good,
    peerCredentials: () => ({ pid: 50, uid: 12_345_678, gid: 0 }),
  };
  assert.equal(identifyPeer(other, socketOf(3), 10).kind, 'stranger');
  let calls = 0;
  const gone: PeerSystem = {
    ...good,
    peerCredentials(fd) {
      if ((calls += 1) > 1) throw new Error('ESRCH');
      return good.peerCredentials(fd);
    },
  };
  assert.equal(identifyPeer(gone, socketOf(3), 10).kind, 'stranger');
  for (const fd of [undefined, -1, 'x', 1.5]) {
    assert.equal(identifyPeer(good, socketOf(fd), 10).kind, 'stranger');
  }
  assert.equal(identifyPeer(good, new Socket(), 10).kind, 'stranger');
});
