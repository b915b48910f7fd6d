import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { linkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { findInMemory } from '../support/memory-scan.ts';
import { startHookSession, type HookSession } from '../support/hook-environment.ts';
import { descendantsOf } from '../support/processes.ts';
import { buildProbe, findProgram, missing } from '../support/programs.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

const VALUE = 's3cr3t-value-42';

async function setUp(t: TestContext): Promise<HookSession> {
  const session = await startHookSession({ gh: VALUE });
  whenDone(t, async () => session.close());
  return session;
}

test('ten thousand placeholders of ten thousand names', async (t) => {
  const session = await setUp(t);
  const names = Array.from({ length: 10_000 }, (_, index) => `name-${index}`);
  for (const name of names) session.store.values.set(name, `v${name}`);
  const script = path.join(session.directory, 'script');
  writeFileSync(script, `/bin/echo ${names.map((name) => `'$VAULT<${name}>'`).join(' ')}\n`);
  const ended = await session.run('/bin/sh', [script]);
  assert.equal(ended.stderr, '');
  assert.equal(ended.stdout, `${names.map((name) => `v${name}`).join(' ')}\n`);
  assert.deepEqual(session.store.rows[0]?.names, names);
});

test('thousands of placeholders of one name in one argument', async (t) => {
  const session = await setUp(t);
  // A string of an exec is at most 128 KiB long, the value is longer than its placeholder.
  const script = path.join(session.directory, 'script');
  writeFileSync(script, `/bin/echo '${'$VAULT<gh>'.repeat(8000)}' | cksum\n/bin/echo done`);
  const ended = await session.run('/bin/sh', [script]);
  assert.equal(ended.stderr, '');
  assert.match(ended.stdout, new RegExp(`^\\d+ ${8000 * VALUE.length + 1}\ndone\n$`));
});

test('arguments that are too long with their values fail as the kernel says', async (t) => {
  const session = await setUp(t);
  session.store.values.set('long', 'x'.repeat(60_000));
  const script = path.join(session.directory, 'script');
  writeFileSync(script, `/bin/echo '${'$VAULT<long>'.repeat(10)}'; echo $?\n/bin/echo done`);
  const ended = await session.run('/bin/bash', [script]);
  assert.match(ended.stderr, /Argument list too long/);
  assert.equal(ended.stdout, '126\ndone\n');
  assert.equal(session.store.rows[0]?.exitCode, 126);
});

test('more than memory could hold is refused before it is made', async (t) => {
  const session = await setUp(t);
  session.store.values.set('long', 'x'.repeat(65_536));
  const script = path.join(session.directory, 'script');
  writeFileSync(script, `/bin/echo '${'$VAULT<long>'.repeat(9000)}'; echo $?\n`);
  const ended = await session.run('/bin/bash', [script]);
  assert.match(ended.stderr, /Argument list too long/);
  assert.equal(ended.stdout, '126\n');
});

// ksh spawns, the others fork: in both no exit code of many at once may be lost.
for (const shell of ['bash', 'dash', 'zsh', 'ksh']) {
  test(`${shell}: a hundred processes at once`, { skip: missing(shell) }, async (t) => {
    const session = await setUp(t);
    const script = `for i in $(seq 100); do /bin/echo "$i $VAULT<gh>" & done; wait; /bin/echo`;
    const ended = await session.run(findProgram(shell) ?? shell, ['-c', script]);
    const lines = ended.stdout.trimEnd().split('\n');
    assert.equal(new Set(lines).size, 100);
    assert.ok(lines.every((line) => line.endsWith(` ${VALUE}`)));
    assert.deepEqual(
      session.store.rows.map((row) => row.exitCode),
      Array.from({ length: 100 }, () => 0),
    );
  });
}

for (const shell of ['bash', 'dash', 'zsh', 'ksh', 'fish']) {
  const skip = missing(shell);
  test(`${shell}: after fifty uses no value is in the shell's memory`, { skip }, async (t) => {
    const session = await setUp(t);
    const script = path.join(session.directory, 'script');
    // The last line keeps the shell where it is.
    const use = `X="$VAULT<gh>" /bin/echo "$VAULT<gh>" >/dev/null\n`;
    const missed = `/nonexistent "$VAULT<gh>" 2>/dev/null\n`;
    writeFileSync(script, `${use.repeat(50)}${missed}/bin/echo finished\nread x\n`);
    const child = spawn(findProgram(shell) ?? shell, [script], {
      env: session.environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const closed = new Promise((resolve) => {
      child.once('close', resolve);
    });
    whenDone(t, async () => {
      child.kill('SIGKILL');
      await closed;
    });
    await new Promise<void>((resolve) => {
      let seen = '';
      child.stdout.on('data', (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.includes('finished')) resolve();
      });
    });
    const pid = child.pid ?? -1;
    assert.equal(session.store.rows.length, 50);
    assert.notEqual(findInMemory(pid, '$VAULT').length, 0, 'the search finds what is there');
    assert.deepEqual(findInMemory(pid, VALUE), []);
  });
}

test('a spawn leaves no value in the memory of who spawned', async (t) => {
  const session = await setUp(t);
  const { directory, probe } = buildProbe();
  whenDone(t, () => removeTree(directory));
  // A launcher by name, so that it has the placeholder; its child lives while its memory is searched.
  const launcher = path.join(directory, 'nice');
  linkSync(probe, launcher);
  const child = spawn(launcher, ['posix_spawn', '/bin/cat', '-', '$VAULT<gh>'], {
    env: session.environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = new Promise((resolve) => {
    child.once('close', resolve);
  });
  child.stdin.write('ready\n');
  await new Promise((resolve) => {
    child.stdout.once('data', resolve);
  });
  assert.deepEqual(findInMemory(child.pid ?? -1, VALUE), []);
  const row = session.store.rows[0];
  assert.equal(row?.outcome, 'ran');
  child.stdin.end();
  await closed;
  assert.equal(session.store.rows[0]?.exitCode, 1, 'cat found no file of that name');
});

test('children that other threads fork meanwhile have no value', async (t) => {
  const session = await setUp(t);
  const { directory, probe } = buildProbe();
  whenDone(t, () => removeTree(directory));
  const launcher = path.join(directory, 'nice');
  linkSync(probe, launcher);
  const child = spawn(launcher, ['fork-meanwhile', '/bin/true', '$VAULT<gh>'], {
    env: session.environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve) => {
    child.stdout.once('data', resolve);
  });
  const others = descendantsOf(child.pid ?? 0);
  assert.ok(others.length > 10, `${others.length}`);
  for (const { pid } of others) assert.deepEqual(findInMemory(pid, VALUE), []);
  assert.equal(session.store.rows.length, 20);
  child.stdin.end();
  await closed;
});
