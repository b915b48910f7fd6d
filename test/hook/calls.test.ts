import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startHookSession, type Ended, type HookSession } from '../support/hook-environment.ts';
import { buildProbe } from '../support/programs.ts';
import { removeTree } from '../support/cleanup.ts';

const VALUE = 's3cr3t-value-42';
let session: HookSession;
let probe: string;
let directory: string;
/** A shell that passes placeholders on to the probe, so that the probe is given none itself. */
let script: string;

before(async () => {
  session = await startHookSession({ gh: VALUE });
  ({ directory, probe } = buildProbe());
  // The probe counts as a launcher when it goes by the name of one.
  script = path.join(directory, 'nice');
  linkSync(probe, script);
});
after(async () => {
  await session.close();
  removeTree(directory);
});

async function probing(way: string, ...args: readonly string[]): Promise<Ended> {
  return session.run(script, [way, ...args]);
}

const WAYS = [
  'execve execv execvp execvpe execl execlp execle execl-many fexecve execveat execveat-fd',
  'posix_spawn posix_spawnp vfork bare-fork no-environment cleared waitpid wait wait3 wait4 waitid',
].flatMap((line) => line.split(' '));

for (const way of WAYS) {
  test(`${way}: the program gets the value and its exit code is recorded`, async () => {
    const ended = await probing(way, '/bin/echo', '$VAULT<gh>');
    assert.equal(ended.stderr, '');
    assert.ok(ended.stdout.endsWith(`${VALUE}\n`), ended.stdout);
    assert.equal(session.store.rows.at(-1)?.exitCode, 0);
  });

  test(`${way}: an unknown name runs nothing`, async () => {
    const ended = await probing(way, '/bin/echo', '$VAULT<gh>$VAULT<nope>');
    assert.equal(ended.stdout, '');
    assert.equal(ended.code, 126);
    assert.equal(session.store.rows.at(-1)?.outcome, 'denied');
    assert.match(ended.stderr, /^vault-shell: error: unknown secret "nope"; \S+ was not run\n/);
  });
}

test('system: the command is run by a hooked shell', async () => {
  const ended = await probing('system', `/bin/echo '$VAULT<gh>'; exit 9`);
  assert.equal(ended.stdout, `${VALUE}\n`);
  assert.equal(ended.code, 9);
  const alone = await probing('system', `exec false '$VAULT<gh>'`);
  assert.equal(alone.code, 1);
  assert.equal(session.store.rows.at(-1)?.exitCode, 1);
});

test('system: SIGINT and SIGQUIT are for the command alone', async () => {
  const survived = await probing('system', 'kill -INT $PPID; kill -QUIT $PPID; exit 4');
  assert.equal(survived.code, 4);
  const interrupted = await probing('system', 'kill -INT $$');
  assert.equal(interrupted.code, 130);
});

test('a signal is recorded however the parent waits', async () => {
  for (const way of [
    'waitpid',
    'wait',
    'wait3',
    'wait4',
    'waitid',
    'posix_spawn',
    'waitpid-null',
  ]) {
    const kill = 'process.kill(process.pid, "SIGKILL")';
    const ended = await probing(way, process.execPath, '-e', kill, '$VAULT<gh>');
    assert.equal(ended.code, way === 'waitpid-null' ? 0 : 137, way);
    assert.equal(session.store.rows.at(-1)?.exitCode, 137, way);
  }
});

test("a child in its parent's memory is given no value", async () => {
  const ended = await probing('shared-memory', '/bin/echo', '$VAULT<gh>');
  assert.equal(ended.stdout, '');
  assert.equal(
    ended.stderr,
    "vault-shell: error: a process that runs in its parent's memory is given no value; /bin/echo was not run\n",
  );
  const plain = await probing('shared-memory', '/bin/echo', 'plain');
  assert.equal(plain.stdout, 'plain\n');
});

test('a program that is not there is not asked for', async () => {
  const rows = session.store.rows.length;
  for (const way of ['execve', 'execvp', 'execv', 'posix_spawn', 'posix_spawnp']) {
    const ended = await probing(way, '/nonexistent/program', '$VAULT<gh>');
    assert.equal(ended.stderr, 'probe: ENOENT\n', way);
    assert.equal(ended.code, 127);
  }
  for (const way of ['execvp', 'posix_spawnp']) {
    const ended = await probing(way, 'no-such-program-anywhere', '$VAULT<gh>');
    assert.equal(ended.stderr, 'probe: ENOENT\n', way);
  }
  assert.equal(session.store.rows.length, rows);
});

test('a directory or a file without an x bit is EACCES, and not asked for', async () => {
  const rows = session.store.rows.length;
  const plain = path.join(directory, 'plain');
  writeFileSync(plain, 'text');
  chmodSync(plain, 0o644);
  for (const target of [directory, plain]) {
    const ended = await probing('execve', target, '$VAULT<gh>');
    assert.equal(ended.stderr, 'probe: EACCES\n');
  }
  assert.equal(session.store.rows.length, rows);
});

test('PATH is searched past what cannot be run', async () => {
  const first = path.join(directory, 'first');
  const second = path.join(directory, 'second');
  mkdirSync(path.join(first, 'say'), { recursive: true });
  mkdirSync(second);
  copyFileSync('/bin/echo', path.join(second, 'say'));
  const env = { PATH: `/nonexistent:${first}::${second}` };
  const ended = await session.run(script, ['execvp', 'say', '$VAULT<gh>'], { env });
  assert.equal(ended.stdout, `${VALUE}\n`);
  removeTree(second);
  const denied = await session.run(script, ['execvp', 'say', '$VAULT<gh>'], { env });
  assert.equal(denied.stderr, 'probe: EACCES\n');
});

test('a program that cannot be executed after all gets its exit code', async () => {
  const broken = path.join(directory, 'broken');
  writeFileSync(broken, Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(100)]));
  chmodSync(broken, 0o755);
  for (const way of ['execve', 'posix_spawn']) {
    const ended = await probing(way, broken, '$VAULT<gh>');
    assert.equal(ended.stderr, 'probe: ENOEXEC\n', way);
    assert.equal(session.store.rows.at(-1)?.exitCode, 126, way);
  }
});

const SCRIPTS: readonly [string, string, string][] = [
  ['a script of a shell', '#!/bin/bash\necho "$1"\n', '$VAULT<gh>'],
  ['a script of a shell with an option', '#! /bin/sh -u\necho "$1"\n', '$VAULT<gh>'],
  ['a script without a first line', 'echo "$1"\n', '$VAULT<gh>'],
  ['a script of a program', '#!/usr/bin/printf %s-%s\n', ''],
  ['a script through env', '#!/usr/bin/env node\nconsole.log(process.argv[2])\n', VALUE],
  ['a script of a script of a shell', '#!INNER\n', '$VAULT<gh>'],
];

for (const [what, text, expected] of SCRIPTS) {
  test(`${what} is a ${expected === VALUE ? 'target' : 'matter of its interpreter'}`, async () => {
    const inner = path.join(directory, 'inner');
    writeFileSync(inner, '#!/bin/sh\necho "$2"\n');
    chmodSync(inner, 0o755);
    const file = path.join(directory, 'script');
    writeFileSync(file, text.replace('INNER', inner));
    chmodSync(file, 0o755);
    const before = session.released.length;
    for (const ended of [
      await session.run('/bin/bash', ['-c', `"${file}" "$VAULT<gh>"`]),
      await probing('execvp', file, '$VAULT<gh>'),
    ]) {
      assert.equal(ended.stdout, text.includes('printf') ? `${file}-${VALUE}` : `${expected}\n`);
    }
    const isShells = expected === '$VAULT<gh>';
    assert.equal(session.released.length - before, isShells ? 0 : 2);
  });
}

test('a link to a shell passes placeholders on, whatever its own name', async () => {
  const link = path.join(directory, 'tool');
  symlinkSync('/bin/dash', link);
  symlinkSync('tool', path.join(directory, 'tool2'));
  const again = path.join(directory, 'tool2');
  const ended = await probing('execve', again, '-c', 'echo "$1"', 'x', '$VAULT<gh>');
  assert.equal(ended.stdout, '$VAULT<gh>\n');
});
