import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  cpSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { native } from '../../src/base/native.ts';
import { seededRandom } from '../support/random.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

void test('a pipe carries bytes, and neither end reaches a child', () => {
  const [readEnd, writeEnd] = native().pipe();
  writeSync(writeEnd, 'through');
  const buffer = Buffer.alloc(16);
  assert.equal(buffer.toString('utf8', 0, readSync(readEnd, buffer)), 'through');
  for (const fd of [readEnd, writeEnd]) {
    assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /flags:\s+0?2\d{6}/);
  }
  closeSync(readEnd);
  closeSync(writeEnd);
});

void test('setCloseOnExec keeps a descriptor from children', () => {
  const fd = openSync('/dev/null', 'r');
  native().setCloseOnExec(fd);
  assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /flags:\s+0?2\d{6}/);
  closeSync(fd);
});

void test('failures are errors with the name of the errno, and leave nothing open', () => {
  const fd = openSync('/dev/null', 'r');
  const before = readdirSync('/proc/self/fd').length;
  const { getTerminal, setRaw, windowSize, foregroundGroup, peerCredentials, openPeer } = native();
  for (const call of [getTerminal, setRaw, windowSize, foregroundGroup, openPeer]) {
    assert.throws(() => call(fd), { code: 'ENOTTY' });
    assert.throws(() => call(9999), { code: 'EBADF' });
  }
  assert.throws(() => peerCredentials(fd), { code: 'ENOTSOCK' });
  assert.throws(
    () => {
      native().setCloseOnExec(9999);
    },
    { code: 'EBADF' },
  );
  assert.throws(
    () => {
      native().setTerminal(fd, new Uint8Array(3));
    },
    { code: 'EINVAL' },
  );
  for (const call of [
    getTerminal,
    setRaw,
    windowSize,
    foregroundGroup,
    peerCredentials,
    openPeer,
  ]) {
    assert.throws(() => Reflect.apply(call, undefined, []), { code: 'EINVAL' });
    assert.throws(() => Reflect.apply(call, undefined, ['0']), { code: 'EINVAL' });
  }
  assert.equal(readdirSync('/proc/self/fd').length, before);
  closeSync(fd);
});

void test('a process that was told so leaves no core file and cannot be traced by its user', () => {
  const module = new URL('../../src/base/native.js', import.meta.url).href;
  const script = `
    const { native } = await import(process.argv[1]);
    native().disableCoreDumps();
    const { readFileSync } = await import('node:fs');
    console.log(/^Max core file size +(\\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);
    // What the kernel protects belongs to root, whoever runs it.
    console.log((await import('node:fs')).statSync('/proc/self/mem').uid);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, module], {
    encoding: 'utf8',
  });
  assert.equal(stdout, '0\n0\n');
});

void test('as much is read and written as there is and fits, and no more is waited for', () => {
  const [readEnd, writeEnd] = native().pipe();
  // As their own descriptions, which never wait.
  const flags = constants.O_NONBLOCK;
  const from = openSync(`/proc/self/fd/${readEnd}`, constants.O_RDONLY | flags);
  const to = openSync(`/proc/self/fd/${writeEnd}`, constants.O_WRONLY | flags);
  closeSync(readEnd);
  closeSync(writeEnd);
  const bytes = Buffer.alloc(200_000, 'x');
  assert.equal(native().readNow(from, bytes), 0);
  const written = native().writeWithin(to, bytes, 10, 1);
  assert.ok(written > 0 && written < bytes.length - 10, `${written}`);
  assert.equal(native().writeWithin(to, bytes, 10, 0), 0);
  const read = Buffer.alloc(bytes.length);
  assert.equal(native().readNow(from, read.subarray(5)), written);
  assert.deepEqual(read.subarray(0, 6), Buffer.from('\0\0\0\0\0x'));
  closeSync(from);
  assert.throws(() => native().writeWithin(to, bytes, 0, 1), { code: 'EPIPE' });
  closeSync(to);
  assert.equal(native().readNow(from, read), 0);
});

void test('the peer of a socket is told', () => {
  // The parent of a child made with a socket for its input is the process at the other end.
  const module = new URL('../../src/base/native.js', import.meta.url).href;
  const script = `
    const { native } = await import(process.argv[1]);
    const { pid, uid, gid } = native().peerCredentials(0);
    console.log(pid === process.ppid, uid === process.getuid(), gid === process.getgid());`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, module], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'true true true\n');
});

void test('who is at the other end is told also while signals come', () => {
  const module = new URL('../../src/base/native.js', import.meta.url).href;
  const script = `
    const { native } = await import(process.argv[1]);
    const { spawn } = await import('node:child_process');
    process.on('SIGWINCH', () => undefined);
    // As a window does that is dragged by its edge, only faster.
    const storm = spawn('/bin/sh', ['-c', 'while kill -WINCH $PPID; do :; done'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let failed = 0;
    for (let n = 0; n < 20_000; n++) {
      try { native().peerCredentials(0); } catch { failed++; }
    }
    storm.kill('SIGKILL');
    console.log(failed);
    process.exit();`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, module], {
    encoding: 'utf8',
  });
  assert.equal(stdout, '0\n');
});

void test('without the addon the error says what to do', async (t) => {
  const copy = mkdtempSync(path.join(tmpdir(), 'vs-native-'));
  whenDone(t, () => {
    removeTree(copy);
  });
  const sources = new URL('../../src/', import.meta.url);
  for (const file of ['base/errors.js', 'base/native.js']) {
    cpSync(new URL(file, sources), path.join(copy, 'dist/src', file));
  }
  writeFileSync(path.join(copy, 'package.json'), '{ "type": "module" }');
  const moved: unknown = await import(path.join(copy, 'dist/src/base/native.js'));
  assert.throws(() => Reflect.apply(Reflect.get(Object(moved), 'native'), undefined, []), {
    code: 'HOOK_MISSING',
    hint: 'build it with npm run build',
  });
});

void test('what may change a mode is found where a regular expression finds it', () => {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  const ofInterest = /\x1b(?!\[[\d;:]*[A-Km])|[\x0e\x0f]/g;
  const random = seededRandom(11);
  const pieces =
    '\u001b \u001b[ \u001b[1;32m \u001b[?25h \u001b[10: \u001b[K A m 0 ; \u000e \u000f \n text\u00e9 \u001b]8;; L'.split(
      ' ',
    );
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: random.below(24) }, () => random.pick(pieces)).join('');
    const bytes = Buffer.from(text, 'latin1');
    ofInterest.lastIndex = random.below(bytes.length + 1);
    const from = ofInterest.lastIndex;
    const wanted = ofInterest.exec(text)?.index ?? bytes.length;
    assert.equal(native().findMode(bytes, from), wanted, JSON.stringify([text, from]));
  }
  assert.throws(() => native().findMode(Buffer.alloc(3), 4), { code: 'EINVAL' });
});
