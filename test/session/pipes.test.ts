import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTestTerminal, testEnvironment } from '../support/terminal.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

const FIXTURE = fileURLToPath(new URL('fixtures/pipe-session.js', import.meta.url));

/** Runs a script of sh behind pipes, in a process group of its own, all of which ends with the test. */
function start(t: TestContext, script: string, stdio: StdioOptions = 'pipe'): ChildProcess {
  const child = spawn(process.execPath, [FIXTURE, 'sh', '-c', script], {
    stdio,
    env: testEnvironment({ VAULT_SHELL_HEXKEY: 'k', VAULT_SHELL_DIR: '/v' }),
    detached: true,
  });
  whenDone(t, () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  });
  return child;
}

function run(script: string, input = ''): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [FIXTURE, 'sh', '-c', script], {
    env: testEnvironment({ VAULT_SHELL_HEXKEY: 'k', VAULT_SHELL_DIR: '/v' }),
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, out: stdout, err: stderr };
}

function readable(stream: Readable | null): Readable {
  assert.ok(stream !== null);
  return stream;
}

/** Returns once it was read; what comes after it stays in the stream for the next who reads. */
async function waitFor(stream: Readable, wanted: string): Promise<void> {
  let seen = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (seen.includes(wanted)) return;
  }
  assert.fail(`the output ended without ${wanted}: ${seen}`);
}

void test('the two outputs and the exit code stay apart and exact', () => {
  assert.deepEqual(run('echo out; echo err >&2; exit 3'), { code: 3, out: 'out\n', err: 'err\n' });
});

void test('/dev/stdout and /dev/stderr can be opened, as behind a shell', () => {
  const { out, err } = run('echo one >/dev/stdout; echo two >/dev/stderr; ls -l /proc/self/fd/1');
  assert.match(out, /^one\n.*pipe:/);
  assert.equal(err, 'two\n');
});

void test('standard input reaches the program, and is empty where there is none', () => {
  assert.equal(run('cat', 'typed').out, 'typed');
  const closed = spawnSync('sh', ['-c', `exec '${process.execPath}' '${FIXTURE}' cat <&-`]);
  assert.equal(closed.stdout.toString(), '');
  assert.equal(closed.status, 0);
});

void test('no terminal is made: the program sees pipes and keeps the process group', () => {
  const { out } = run('test -t 1 || echo none; ps -o pgid= -p $$; ps -o pgid= -p $PPID');
  const [none, own, ours] = out.trim().split(/\s+/);
  assert.equal(none, 'none');
  assert.equal(own, ours);
});

void test('what opens a vault is not in the environment of the program', () => {
  assert.equal(run('env | grep VAULT_SHELL').out, 'VAULT_SHELL_DIR=/v\n');
});

for (const [script, code] of [
  ['exit 0', 0],
  ['exit 255', 255],
  ['kill -KILL $$', 137],
  ['kill -TERM $$', 143],
  ['nosuchcommand 2>/dev/null', 127],
] as const) {
  void test(`\`${script}\` gives ${code}`, () => {
    assert.equal(run(script).code, code);
  });
}

void test('a program that is not there, or is none, is told from one that failed', () => {
  const missing = spawnSync(process.execPath, [FIXTURE, 'nosuchcommand'], { encoding: 'utf8' });
  assert.equal(missing.status, 127);
  assert.equal(missing.stderr, 'error: command not found: nosuchcommand\n');
  const none = spawnSync(process.execPath, [FIXTURE, '/etc/passwd'], { encoding: 'utf8' });
  assert.equal(none.status, 126);
});

void test('every byte of much output arrives in order, at a fast reader and at a slow one', async (t) => {
  const expected = createHash('sha256');
  for (let line = 1; line <= 500_000; line++) expected.update(`${line}\n`);
  const sum = expected.digest('hex');
  const fast = start(t, 'seq 500000');
  const hash = createHash('sha256').update(await buffer(readable(fast.stdout)));
  assert.equal(hash.digest('hex'), sum);
  const slow = `'${process.execPath}' '${FIXTURE}' seq 500000 | dd bs=999 status=none | sha256sum`;
  assert.equal(spawnSync('sh', ['-c', slow], { encoding: 'utf8' }).stdout, `${sum}  -\n`);
});

void test('where both outputs are one file, the order between them stays', () => {
  const script = 'for i in $(seq 300); do echo out $i; echo err $i >&2; done';
  const { stdout } = spawnSync(
    'sh',
    ['-c', `'${process.execPath}' '${FIXTURE}' sh -c '${script}' 2>&1`],
    {
      encoding: 'utf8',
    },
  );
  const lines = Array.from({ length: 300 }, (_, i) => `out ${i + 1}\nerr ${i + 1}\n`).join('');
  assert.equal(stdout, lines);
});

void test('output to a file lands where the file was', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-pipes-'));
  const file = path.join(directory, 'out');
  const script = `{ echo first; '${process.execPath}' '${FIXTURE}' echo second; echo third; } >'${file}'`;
  spawnSync('sh', ['-c', script]);
  assert.equal(readFileSync(file, 'utf8'), 'first\nsecond\nthird\n');
  removeTree(directory);
});

void test('output that cannot be written is an error, and not silence', async (t) => {
  const full = openSync('/dev/full', 'w');
  const child = start(t, 'echo x', ['ignore', full, 'pipe']);
  closeSync(full);
  const exited = once(child, 'exit');
  assert.equal(await text(readable(child.stderr)), 'error: cannot write the output: ENOSPC\n');
  assert.deepEqual(await exited, [125, null]);
});

void test('bytes the filter holds wait for what follows or the end', () => {
  assert.equal(run('printf a@; printf b@; seq 30000 >/dev/null; printf c@').out, 'a@b@c@');
});

void test('when our reader goes away, the program gets SIGPIPE and the end is quiet', async (t) => {
  const child = start(t, 'echo first; yes; echo "code $?" >&2; exit 5');
  const out = readable(child.stdout);
  await waitFor(out, 'first');
  out.destroy();
  assert.equal(await text(readable(child.stderr)), 'code 141\n');
  const [code]: unknown[] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  assert.equal(code, 5);
});

void test('when the reader of one output goes away, the other goes on', async (t) => {
  const child = start(t, 'echo first; read line; echo to nobody; echo still here >&2');
  const out = readable(child.stdout);
  await waitFor(out, 'first');
  out.destroy();
  child.stdin?.end('go\n');
  assert.match(await text(readable(child.stderr)), /still here\n$/);
});

void test("a program in the background keeps the output open, and the code is the first program's", async (t) => {
  const child = start(t, `exec 3<&0; { read line <&3; echo "late $line"; } & echo early; exit 6`);
  const out = readable(child.stdout);
  await waitFor(out, 'early');
  assert.equal(child.exitCode, null);
  child.stdin?.end('go\n');
  const rest = await text(out);
  assert.equal(rest, 'late go\n');
  const [code]: unknown[] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  assert.equal(code, 6);
});

void test('a program can be stopped at once', () => {
  const { status } = spawnSync(process.execPath, [FIXTURE, 'sleep', '1000'], {
    env: testEnvironment({ STOP_AT_START: '1' }),
  });
  assert.equal(status, 137);
});

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGQUIT', 131],
] as const) {
  void test(`${signal} to us reaches the program, and we end as it does`, async (t) => {
    const child = start(t, 'ulimit -c 0; echo ready; exec sleep 1000');
    await waitFor(readable(child.stdout), 'ready');
    child.kill(signal);
    assert.deepEqual(await once(child, 'exit'), [code, null]);
  });
}

void test('a program that catches a signal ends in its own way, with all its output', async (t) => {
  const child = start(t, "trap 'seq 20000; exit 9' TERM; echo ready; while :; do true; done");
  const out = readable(child.stdout);
  await waitFor(out, 'ready');
  child.kill('SIGTERM');
  const rest = await text(out);
  assert.ok(rest.endsWith('\n19999\n20000\n'));
});

void test('after a signal, those who still hold the output are not waited for', async (t) => {
  const child = start(t, 'sleep 1000 & echo ready; wait');
  await waitFor(readable(child.stdout), 'ready');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [143, null]);
});

void test('who kills the process group kills the program too', async (t) => {
  const child = start(t, 'sleep 1000 & echo ready; wait');
  const out = readable(child.stdout);
  await waitFor(out, 'ready');
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  // Nobody is left who could write.
  assert.equal(await text(out), '');
});

void test('Ctrl-C at the terminal reaches the program once', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-pipes-'));
  const file = path.join(directory, 'out');
  const inner = `trap 'echo interrupted' INT; echo ready >&2; read a; read b; echo "got $b"`;
  const terminal = openTestTerminal({
    file: '/bin/sh',
    args: [
      '-c',
      'trap : INT; file=$1; shift; "$@" >"$file"; echo end',
      'sh',
      file,
      process.execPath,
      FIXTURE,
      'bash',
      '-c',
      inner,
    ],
  });
  whenDone(t, () => terminal.close());
  await terminal.waitFor('ready');
  terminal.send('\u0003');
  await terminal.waitFor('^C');
  terminal.send('one\rtwo\r');
  await terminal.waitFor('end');
  assert.equal(readFileSync(file, 'utf8'), 'interrupted\ngot two\n');
  removeTree(directory);
});

void test('a reader that does not read does not keep a signal from the program', async (t) => {
  const child = start(
    t,
    'trap "echo told >&2; exit 4" TERM; echo ready >&2; while :; do echo flood; done',
  );
  const err = readable(child.stderr);
  await waitFor(err, 'ready');
  child.kill('SIGTERM');
  await waitFor(err, 'told');
  readable(child.stdout).resume();
  assert.deepEqual(await once(child, 'exit'), [4, null]);
});
