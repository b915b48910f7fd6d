import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { spawn } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listAudit } from '../../src/vault/audit.ts';
import { startChildStore, type ChildStore } from '../../src/vault/child-store.ts';
import { STORAGE_MODES } from '../../src/vault/files.ts';
import { removeSecret, setSecret } from '../../src/vault/secrets.ts';
import type { NamedValue } from '../../src/vault/types.ts';
import {
  KEY,
  makeDirectory,
  makeVault,
  open,
  openStore,
  request,
  secret,
  VALUE,
} from './fixture.ts';
import { whenDone } from '../support/cleanup.ts';

const PARENT = fileURLToPath(new URL('child-parent.js', import.meta.url));

function kill(store: ChildStore, signal: NodeJS.Signals): void {
  assert.ok(store.pid !== undefined);
  process.kill(store.pid, signal);
}

/** Returns once our child has ended and was reaped. */
async function waitForEnd(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await nextTurn();
  }
}

/** Gives what the listener is called with, one promise after the other. */
function follow(store: ChildStore): () => Promise<string[]> {
  const seen: string[][] = [];
  const waiting: ((values: string[]) => void)[] = [];
  store.onValues((values) => {
    const plain = show(values);
    const next = waiting.shift();
    if (next === undefined) seen.push(plain);
    else next(plain);
  });
  return () => {
    const first = seen.shift();
    return first === undefined
      ? new Promise((resolve) => waiting.push(resolve))
      : Promise.resolve(first);
  };
}

function show(values: readonly NamedValue[]): string[] {
  return values.map(({ name, value }) => `${name}=${value.reveal()}`);
}

for (const storage of STORAGE_MODES) {
  test(`a child store grants, denies, records and gives values (${storage})`, async (t) => {
    const directory = await makeVault(t, { storage });
    const vault = open(t, directory);
    await setSecret(vault, 'known', secret());
    const store = await openStore(t, directory);
    const ran = request(['known']);
    const granted = await store.grant(ran);
    assert.ok(granted.kind === 'granted');
    assert.deepEqual(granted.values.map(String), ['[secret]']);
    assert.equal(granted.values[0]?.reveal(), VALUE);
    assert.deepEqual(await store.grant(request(['nope'])), { kind: 'unknown', names: ['nope'] });
    await store.deny(request([]));
    await store.recordExit(ran.operation, 3);
    assert.deepEqual(
      (await listAudit(vault)).map(({ outcome, exit_code }) => [outcome, exit_code]),
      [
        ['denied', null],
        ['denied', null],
        ['ran', 3],
      ],
    );
  });

  test(`a child killed amid 100 grants commits each exactly once (${storage})`, async (t) => {
    const directory = await makeVault(t, { storage });
    const vault = open(t, directory);
    await setSecret(vault, 'known', secret());
    const store = await openStore(t, directory);
    const operations = Array.from({ length: 100 }, (_, index) => `operation-${index}`);
    let answered = 0;
    const killAt = new Map<number, NodeJS.Signals>([
      [10, 'SIGKILL'],
      [40, 'SIGABRT'],
      [70, 'SIGKILL'],
    ]);
    const results = await Promise.all(
      operations.map(async (operation) => {
        const result = await store.grant(request(['known'], operation));
        answered += 1;
        const signal = killAt.get(answered);
        if (signal !== undefined) kill(store, signal);
        return result;
      }),
    );
    assert.ok(results.every((result) => result.kind === 'granted'));
    assert.equal((await listAudit(vault)).length, operations.length);
  });

  test(`values changed by another process are reported, each change once (${storage})`, async (t) => {
    const directory = await makeVault(t, { storage });
    const vault = open(t, directory);
    const store = await openStore(t, directory);
    const next = follow(store);
    await setSecret(vault, 'new', secret('first-value-1'));
    assert.deepEqual(await next(), ['new=first-value-1']);
    await setSecret(vault, 'new', secret('second-value-2'));
    assert.deepEqual(await next(), ['new=second-value-2']);
    // Grants write to the same file and are no change of a value.
    for (let times = 0; times < 5; times += 1) {
      await store.grant(request(['new']));
    }
    await setSecret(vault, 'other', secret('third-value-3'));
    assert.deepEqual(await next(), ['new=second-value-2', 'other=third-value-3']);
    await removeSecret(vault, 'new');
    assert.deepEqual(await next(), ['other=third-value-3']);
  });
}

test('values changed while no child runs are reported by the next one', async (t) => {
  const directory = await makeVault(t);
  const store = await openStore(t, directory);
  const next = follow(store);
  kill(store, 'SIGSTOP');
  await setSecret(open(t, directory), 'new', secret());
  kill(store, 'SIGKILL');
  assert.deepEqual(await next(), [`new=${VALUE}`]);
});

test('opening gives all values, also when the child died before it got the key', async (t) => {
  const directory = await makeVault(t);
  await setSecret(open(t, directory), 'known', secret());
  const store = startChildStore(directory);
  whenDone(t, () => store.close());
  kill(store, 'SIGKILL');
  const { values, trouble } = await store.open(KEY);
  assert.deepEqual(show(values), [`known=${VALUE}`]);
  assert.equal(trouble, undefined);
});

test('closing a store that was never opened ends the child', async (t) => {
  const store = startChildStore(await makeVault(t));
  const { pid } = store;
  assert.ok(pid !== undefined);
  await store.close();
  await waitForEnd(pid);
});

test('a wrong key or a missing vault fails the start', async (t) => {
  const directory = await makeVault(t);
  await assert.rejects(openStore(t, directory, Buffer.alloc(32, 1)), { code: 'WRONG_KEY' });
  await assert.rejects(openStore(t, makeDirectory(t)), { code: 'NO_VAULT' });
});

test('a vault that vanishes fails the calls and not the process', async (t) => {
  const directory = await makeVault(t);
  const store = await openStore(t, directory);
  rmSync(directory, { recursive: true });
  await assert.rejects(store.grant(request(['x'])), { code: 'VAULT_DAMAGED' });
});

test('closing waits for the calls under way and ends the child', async (t) => {
  const directory = await makeVault(t);
  const store = await openStore(t, directory);
  const { pid } = store;
  assert.ok(pid !== undefined);
  const calls = [store.deny(request([])), store.deny(request([]))];
  await store.close();
  await Promise.all(calls);
  assert.equal((await listAudit(open(t, directory))).length, 2);
  await waitForEnd(pid);
  await assert.rejects(store.keepHead(), { code: 'INTERNAL' });
});

test('the child has no key in its arguments or environment and a session of its own', async (t) => {
  if (process.platform !== 'linux') return;
  const store = await openStore(t, await makeVault(t));
  const proc = path.join('/proc', String(store.pid));
  const environment = readFileSync(path.join(proc, 'environ'), 'latin1').split('\0');
  for (const entry of environment)
    assert.match(entry, /^(NODE_CHANNEL_\w+=.*|PWD=.*|_=.*|OLDPWD=.*)?$/);
  const everything = environment.join() + readFileSync(path.join(proc, 'cmdline'), 'latin1');
  assert.ok(!everything.includes(KEY.toString('hex').slice(0, 16)));
  assert.match(readFileSync(path.join(proc, 'limits'), 'utf8'), /Max core file size +0 +/);
  const fields = readFileSync(path.join(proc, 'stat'), 'utf8').split(') ').at(-1)?.split(' ');
  assert.equal(fields?.[3], String(store.pid), 'it leads its own session');
});

test('the child ends when its parent is killed', async (t) => {
  const directory = await makeVault(t);
  const parent = spawn(process.execPath, [PARENT, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(line);
  process.kill(pid, 0);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await whenGone(pid);
});

/** Resolves when a process is gone; the test's own time limit bounds it. */
async function whenGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
