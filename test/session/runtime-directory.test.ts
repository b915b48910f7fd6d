import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import {
  makeBinDirectory,
  makeRuntimeDirectory,
  preloadPath,
} from '../../src/session/runtime-directory.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

function makeParent(t: TestContext): string {
  const parent = mkdtempSync(path.join(tmpdir(), 'vs-run-'));
  whenDone(t, () => {
    removeTree(parent);
  });
  return parent;
}

void test('a session has a directory nobody else can enter, with room for a socket, until its end', async (t) => {
  const parent = makeParent(t);
  const before = process.umask(0o777);
  const runtime = makeRuntimeDirectory({ environment: {}, temporary: parent });
  process.umask(before);
  assert.match(
    path.basename(runtime.path),
    new RegExp(`^vault-shell-${process.pid}-[0-9a-f]{12}$`),
  );
  assert.equal(statSync(runtime.path).mode & 0o777, 0o700);
  const server = createServer().listen(path.join(runtime.path, 'broker'));
  await once(server, 'listening');
  server.close();
  runtime.remove();
  runtime.remove();
  assert.deepEqual(readdirSync(parent), []);
});

void test('XDG_RUNTIME_DIR is taken only if it is private', (t) => {
  const [xdg, temporary] = [makeParent(t), makeParent(t)];
  const environment = { XDG_RUNTIME_DIR: xdg };
  const first = makeRuntimeDirectory({ environment, temporary });
  assert.equal(path.dirname(first.path), xdg);
  chmodSync(xdg, 0o755);
  const second = makeRuntimeDirectory({ environment, temporary });
  assert.equal(path.dirname(second.path), temporary);
  first.remove();
  second.remove();
});

void test('a parent whose path is too long for a socket, or has a blank or colon, is not taken', (t) => {
  const parent = makeParent(t);
  for (const name of ['x'.repeat(100), 'a b', 'a:b', 'missing']) {
    const temporary = path.join(parent, name);
    if (name !== 'missing') mkdirSync(temporary);
    const runtime = makeRuntimeDirectory({ environment: {}, temporary });
    assert.equal(path.dirname(runtime.path), '/tmp');
    assert.ok(Buffer.byteLength(path.join(runtime.path, 'broker')) <= 107);
    runtime.remove();
  }
});

void test('what dead sessions left is swept, and nothing else', (t) => {
  const parent = makeParent(t);
  const dead = spawnSync('true').pid;
  const here = readlinkSync('/proc/self/ns/pid');
  const make = (name: string, owner: string | undefined, mode = 0o700): void => {
    mkdirSync(path.join(parent, name), { mode });
    if (owner !== undefined) writeFileSync(path.join(parent, name, 'owner'), owner);
  };
  make(`vault-shell-${dead}-00`, here);
  make(`vault-shell-${dead}-01`, 'pid:[1]');
  make(`vault-shell-${dead}-02`, undefined);
  make(`vault-shell-${dead}-03`, here, 0o755);
  make(`vault-shell-${process.pid}-04`, here);
  make(`something-${dead}-05`, here);
  symlinkSync(`something-${dead}-05`, path.join(parent, `vault-shell-${dead}-06`));
  makeRuntimeDirectory({ environment: {}, temporary: parent }).remove();
  assert.deepEqual(
    readdirSync(parent).toSorted(),
    [
      `something-${dead}-05`,
      `vault-shell-${dead}-01`,
      `vault-shell-${dead}-02`,
      `vault-shell-${dead}-03`,
      `vault-shell-${dead}-06`,
      `vault-shell-${process.pid}-04`,
    ].toSorted(),
  );
});

void test('the directory goes when the process exits', () => {
  const script = `
    const { makeRuntimeDirectory } = await import(process.argv[1]);
    console.log(makeRuntimeDirectory({ environment: {}, temporary: '/tmp' }).path);
    process.exit(3);`;
  const module = new URL('../../src/session/runtime-directory.js', import.meta.url).href;
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script, module],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 3);
  assert.match(stdout, /^\/tmp\/vault-shell-/);
  assert.equal(existsSync(stdout.trim()), false);
});

void test('a hook whose path the loader would split is linked where it is not', (t) => {
  const parent = makeParent(t);
  assert.equal(preloadPath('/opt/libvault-hook.so', parent), '/opt/libvault-hook.so');
  const odd = path.join(parent, 'a b:c');
  mkdirSync(odd);
  writeFileSync(path.join(odd, 'libvault-hook.so'), '');
  const link = preloadPath(path.join(odd, 'libvault-hook.so'), parent);
  assert.equal(link, path.join(parent, 'libvault-hook.so'));
  assert.equal(realpathSync(link), realpathSync(path.join(odd, 'libvault-hook.so')));
});

void test('commands can be called by their names from the directory for PATH', (t) => {
  const bin = makeBinDirectory(['/bin/true', '/bin/false'], makeParent(t));
  assert.equal(spawnSync('true', { env: { PATH: bin } }).status, 0);
  assert.equal(spawnSync('false', { env: { PATH: bin } }).status, 1);
});
