import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createGrants, exitCodeOfStatus, type Grants } from '../../src/broker/grants.ts';
import { WATCH_BYTES } from '../../src/broker/protocol.ts';
import { createWatchFile } from '../../src/broker/watch-file.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

const SHELL = 100;
const CHILD = 70_001;

interface SetUp {
  grants: Grants;
  watchPath: string;
  exits: [string, number][];
  isWatched: (pid: number) => boolean;
}

function setUp(t: TestContext): SetUp {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-grants-'));
  const watchPath = path.join(directory, 'watch');
  const watch = createWatchFile(watchPath);
  const exits: [string, number][] = [];
  const store = {
    ...createMemoryStore({}),
    recordExit: async (operation: string, exitCode: number) => {
      exits.push([operation, exitCode]);
      return Promise.resolve();
    },
  };
  const grants = createGrants(store, watch);
  whenDone(t, () => {
    grants.clear();
    watch.close();
    removeTree(directory);
  });
  return {
    grants,
    watchPath,
    exits,
    isWatched: (pid) => {
      const bit = pid % 65536;
      return ((readFileSync(watchPath).readUInt8(Math.floor(bit / 8)) >> (bit % 8)) & 1) === 1;
    },
  };
}

test('a process is watched from its grant to its exit code', async (t) => {
  const { grants, exits, isWatched, watchPath } = setUp(t);
  assert.equal(statSync(watchPath).size, WATCH_BYTES);
  assert.equal(statSync(watchPath).mode & 0o777, 0o600);
  grants.started('a', CHILD, SHELL);
  assert.equal(grants.latest(CHILD), 'a');
  assert.ok(isWatched(CHILD));
  assert.equal(isWatched(CHILD + 1), false);
  grants.reaped(CHILD, SHELL, 3 << 8);
  assert.deepEqual(exits, [['a', 3]]);
  assert.equal(isWatched(CHILD), false);
  assert.equal(grants.latest(CHILD), undefined);
});

test('only the parent is believed', async (t) => {
  const { grants, exits, isWatched } = setUp(t);
  grants.started('a', CHILD, SHELL);
  grants.reaped(CHILD, SHELL + 1, 0);
  assert.deepEqual(exits, []);
  assert.ok(isWatched(CHILD));
});

test('all programs that a process became one after the other end with its code', async (t) => {
  const { grants, exits } = setUp(t);
  grants.started('first', CHILD, SHELL);
  grants.started('second', CHILD, SHELL);
  assert.equal(grants.latest(CHILD), 'second');
  grants.reaped(CHILD, SHELL, 9);
  assert.deepEqual(exits, [
    ['first', 137],
    ['second', 137],
  ]);
});

test('a used pid under another parent is another process', async (t) => {
  const { grants, exits } = setUp(t);
  grants.started('old', CHILD, SHELL);
  grants.started('new', CHILD, SHELL + 1);
  grants.reaped(CHILD, SHELL + 1, 0);
  assert.deepEqual(exits, [['new', 0]]);
});

test('two pids that share a bit are watched until both are over', async (t) => {
  const { grants, isWatched } = setUp(t);
  grants.started('a', CHILD, SHELL);
  grants.started('b', CHILD + 65536, SHELL);
  grants.reaped(CHILD, SHELL, 0);
  assert.ok(isWatched(CHILD));
  grants.reaped(CHILD + 65536, SHELL, 0);
  assert.equal(isWatched(CHILD), false);
});

test('a program that could not be run counts as 126, one that was not found as 127', async (t) => {
  const { grants, exits, isWatched } = setUp(t);
  grants.started('a', CHILD, SHELL);
  grants.failed('a', 7);
  grants.started('b', CHILD, SHELL);
  grants.failed('b', 2);
  assert.deepEqual(exits, [
    ['a', 126],
    ['b', 127],
  ]);
  assert.equal(isWatched(CHILD), false);
});

test('a spawned child is known by the pid that its spawner tells', async (t) => {
  const { grants, exits, isWatched } = setUp(t);
  grants.spawning('a', SHELL);
  assert.ok(isWatched(1) && isWatched(CHILD), 'any pid may be it');
  grants.spawned('a', CHILD, SHELL);
  assert.equal(isWatched(1), false);
  assert.ok(isWatched(CHILD));
  grants.reaped(CHILD, SHELL, 5 << 8);
  assert.deepEqual(exits, [['a', 5]]);
});

test('a spawned child that is reaped before its pid is told keeps its exit code', async (t) => {
  const { grants, exits, isWatched } = setUp(t);
  grants.spawning('a', SHELL);
  grants.reaped(CHILD, SHELL, 5 << 8);
  grants.reaped(CHILD + 1, SHELL + 1, 6 << 8);
  grants.spawned('a', CHILD, SHELL);
  assert.deepEqual(exits, [['a', 5]]);
  assert.equal(isWatched(CHILD), false);
});

test('nobody but the spawner can tell the pid', async (t) => {
  const { grants } = setUp(t);
  grants.spawning('a', SHELL);
  grants.spawned('a', CHILD, SHELL + 1);
  grants.spawned('unknown', CHILD, SHELL);
  assert.equal(grants.latest(CHILD), undefined);
});

test('the session has the last word about its own child', async (t) => {
  const { grants, exits } = setUp(t);
  grants.started('a', CHILD, SHELL);
  grants.ended(CHILD, 130);
  grants.ended(CHILD, 0);
  assert.deepEqual(exits, [['a', 130]]);
});

test('a wait status becomes an exit code as in a shell', () => {
  assert.equal(exitCodeOfStatus(0), 0);
  assert.equal(exitCodeOfStatus(255 << 8), 255);
  assert.equal(exitCodeOfStatus(15), 143);
  assert.equal(exitCodeOfStatus(11 | 0x80), 139, 'with a core dump');
  assert.equal(exitCodeOfStatus(0x137f), undefined, 'stopped');
});
