import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'node:test';
import { deferred } from '../../src/session/deferred.ts';
import type { Exit } from '../../src/session/exit.ts';
import { openPty, type Pty, type PtyOptions } from '../../src/session/pty.ts';
import { openTestTerminal, testEnvironment } from '../support/terminal.ts';
import { removeTree } from '../support/cleanup.ts';

function start(args: readonly string[], more: Partial<PtyOptions> = {}): Pty {
  return openPty({
    launch: { file: '/bin/sh', args },
    environment: testEnvironment(),
    cwd: '/',
    size: { columns: 80, rows: 24 },
    onOutput: () => undefined,
    ...more,
  });
}

async function run(
  args: readonly string[],
  more: Partial<PtyOptions> = {},
): Promise<{ exit: Exit; output: Buffer }> {
  const chunks: Buffer[] = [];
  const pty = start(args, {
    onOutput(chunk) {
      chunks.push(Buffer.from(chunk));
      return undefined;
    },
    ...more,
  });
  return { exit: await pty.done, output: Buffer.concat(chunks) };
}

function launch(file: string): { launch: PtyOptions['launch'] } {
  return { launch: { file, args: [] } };
}

function temporaryFile(content: string | Uint8Array): { file: string; remove: () => void } {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-pty-'));
  const file = path.join(directory, 'file');
  writeFileSync(file, content);
  return {
    file,
    remove: () => {
      removeTree(directory);
    },
  };
}

/** Text without newlines, which the terminal would turn into two bytes. */
function text(length: number): Buffer {
  return Buffer.from(
    randomBytes(Math.ceil(length / 2))
      .toString('hex')
      .slice(0, length),
  );
}

void test('every byte arrives of a program that writes and ends at once, in 200 runs', async () => {
  const sizes = [0, 1, 100, 4095, 4096, 6000, 20_000, 65_536, 200_000, 2_000_000];
  for (const size of sizes) {
    const expected = text(size);
    const { file, remove } = temporaryFile(expected);
    for (let round = 0; round < 20; round++) {
      const { exit, output } = await run(['-c', `exec cat ${file}`]);
      assert.deepEqual(exit, { code: 0, signal: 0 });
      assert.ok(output.equals(expected), `run ${round}: ${output.length} of ${size} bytes`);
    }
    remove();
  }
});

void test('every byte arrives at a reader that is slow across the end of the program', async () => {
  for (const size of [100, 6000, 20_000, 200_000, 1_000_000]) {
    const expected = text(size);
    const { file, remove } = temporaryFile(expected);
    for (let round = 0; round < 5; round++) {
      const chunks: Buffer[] = [];
      const { exit } = await run(['-c', `exec cat ${file}`], {
        async onOutput(chunk) {
          for (let turns = 0; turns < 20; turns++) await turn();
          // Only now: the chunk must have been left alone meanwhile.
          chunks.push(Buffer.from(chunk));
        },
      });
      assert.equal(exit.code, 0);
      assert.ok(Buffer.concat(chunks).equals(expected));
    }
    remove();
  }
});

void test('a reader that stops until the program has ended loses nothing', async () => {
  const terminal = openTestTerminal({ file: '/bin/sh', args: ['-c', 'printf begin; seq -s. 900'] });
  const go = terminal.stall();
  await terminal.waitFor('begin');
  const gone = spawn('tail', ['-s', '0.02', '--pid', String(terminal.pid), '-f', '/dev/null']);
  await once(gone, 'exit');
  go();
  await terminal.done;
  assert.ok(terminal.output().toString().trimEnd().endsWith('.899.900'));
});

for (const [script, expected] of [
  ['exit 0', { code: 0, signal: 0 }],
  ['exit 7', { code: 7, signal: 0 }],
  ['exit 255', { code: 255, signal: 0 }],
  ['kill -TERM $$', { code: 0, signal: 15 }],
  ['kill -KILL $$', { code: 0, signal: 9 }],
] as const) {
  void test(`\`${script}\` is reported as it was`, async () => {
    assert.deepEqual((await run(['-c', script])).exit, expected);
  });
}

void test('what cannot be started is known before anything is started', () => {
  const { file, remove } = temporaryFile('no program');
  assert.throws(() => start([], launch('/nonexistent/program')), { code: 'NOT_FOUND' });
  assert.throws(() => start([], launch(file)), { code: 'NOT_EXECUTABLE' });
  assert.throws(() => start([], launch('/tmp')), { code: 'NOT_EXECUTABLE' });
  assert.throws(() => start([], { cwd: '/nonexistent' }), { code: 'NOT_EXECUTABLE' });
  assert.throws(() => start([], { cwd: '/bin/sh' }), { code: 'NOT_EXECUTABLE' });
  remove();
});

void test('the program gets the environment and the directory it was meant to have, and nothing more', async () => {
  const environment = { PATH: '/usr/bin:/bin', TERM: 'vt100', PWD: '/elsewhere', EMPTY: '' };
  const { output } = await run([], {
    launch: { file: '/usr/bin/env', args: [] },
    environment,
    cwd: '/usr',
  });
  const lines = output.toString().trimEnd().split('\r\n').toSorted();
  assert.deepEqual(lines, ['EMPTY=', 'PATH=/usr/bin:/bin', 'PWD=/elsewhere', 'TERM=vt100']);
  const where = await run([], {
    launch: { file: '/usr/bin/readlink', args: ['/proc/self/cwd'] },
    cwd: '/usr',
  });
  assert.equal(where.output.toString(), '/usr\r\n');
});

void test('the program is told the size, 80 by 24 where there is none', async () => {
  const given = await run(['-c', 'stty size'], { size: { columns: 133, rows: 50 } });
  assert.equal(given.output.toString(), '50 133\r\n');
  const none = await run(['-c', 'stty size'], { size: { columns: 0, rows: 0 } });
  assert.equal(none.output.toString(), '24 80\r\n');
});

void test('no later child inherits the master, through which all output could be read', async () => {
  const pty = start(['-c', 'read line']);
  const listing = execFileSync('sh', ['-c', 'ls -l /proc/self/fd'], { encoding: 'utf8' });
  assert.doesNotMatch(listing, /ptmx/);
  assert.doesNotMatch(listing, /pts\/(?!\d+\n.*$)/m);
  const second = await run(['-c', 'ls -l /proc/self/fd']);
  assert.doesNotMatch(second.output.toString(), /ptmx/);
  pty.write(Buffer.from('\n'));
  await pty.done;
});

void test('a program in the background that holds the terminal does not hold up the end', async () => {
  const { file, remove } = temporaryFile('');
  const { exit, output } = await run([
    '-c',
    `trap '' HUP; sleep 1000 & echo $! > ${file}; echo last; exit 3`,
  ]);
  assert.equal(exit.code, 3);
  assert.match(output.toString(), /last/);
  process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
  remove();
});

void test('a program in the background that writes for ever does not hold up the end', async () => {
  const { file, remove } = temporaryFile('');
  const { exit } = await run(['-c', `trap '' HUP; yes & echo $! > ${file}; exit 3`]);
  assert.equal(exit.code, 3);
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
  } catch {
    // Its terminal is gone, so it may be too.
  }
  remove();
});

void test('output that comes a moment after the end of the program is still taken', async () => {
  for (let round = 0; round < 20; round++) {
    const { output } = await run(['-c', 'echo late > >(cat)'], {
      launch: { file: '/bin/bash', args: ['-c', 'trap "" HUP; echo late > >(cat)'] },
    });
    assert.equal(output.toString(), 'late\r\n');
  }
});

void test('a program that leaves its terminal and comes back to it is heard', async () => {
  const { exit, output } = await run([
    '-c',
    'echo one; exec 3>&1 </dev/null >/dev/null 2>&1 3>&-; seq 300000; echo two >/dev/tty; exit 4',
  ]);
  assert.equal(exit.code, 4);
  assert.equal(output.toString(), 'one\r\ntwo\r\n');
});

void test('a paste of 1 MB arrives whole, at a fast reader and at a slow one', async () => {
  const paste = text(1_000_000);
  const expected = createHash('sha256').update(paste).digest('hex');
  for (const reader of [
    'head -c 1000000',
    'dd bs=700 count=1000000 iflag=count_bytes,fullblock status=none',
  ]) {
    const terminal = openTestTerminal({
      file: '/bin/sh',
      args: ['-c', `stty raw -echo; printf ready; ${reader} | sha256sum`],
    });
    await terminal.waitFor('ready');
    terminal.send(paste);
    await terminal.waitFor(expected);
    assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
  }
});

void test('all 256 bytes pass both ways in raw mode', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const terminal = openTestTerminal({
    file: '/bin/sh',
    args: ['-c', 'stty raw -echo; printf ready; exec head -c 256'],
  });
  await terminal.waitFor('ready');
  terminal.send(bytes);
  await terminal.done;
  assert.ok(terminal.output().subarray('ready'.length).equals(bytes));
});

void test('calls after the end do nothing and reach no other process', async () => {
  const pty = start(['-c', 'exit 0']);
  await pty.done;
  assert.equal(pty.write(Buffer.from('late')), true);
  pty.resize({ columns: 10, rows: 10 });
  pty.kill('SIGKILL');
  pty.interrupt('SIGINT');
  pty.setModes(new Uint8Array(3));
});

void test('the program is ended when its output cannot be taken', async () => {
  for (const onOutput of [
    () => {
      throw new Error('cannot take it');
    },
    () => Promise.reject(new Error('cannot take it')),
  ]) {
    const pty = start(['-c', 'echo x; exec sleep 1000'], { onOutput });
    await assert.rejects(pty.done, /cannot take it/);
  }
});

void test('the signal of an interrupt goes to the job in the foreground only', async () => {
  const ready = deferred<void>();
  let output = '';
  const pty = start([], {
    launch: { file: '/bin/bash', args: ['--norc', '-i'] },
    onOutput(chunk) {
      output += Buffer.from(chunk).toString();
      if (output.includes('job is up')) ready.resolve();
      return undefined;
    },
  });
  pty.write(Buffer.from('sh -c \'echo job is" up"; exec sleep 1000\'\nexit 5\n'));
  await ready.promise;
  pty.interrupt('SIGINT');
  assert.equal((await pty.done).code, 5);
});
