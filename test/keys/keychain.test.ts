import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { removeTree, whenDone } from '../support/cleanup.ts';

/**
 * The keychain against a real Secret Service: gnome-keyring on a D-Bus session of its own, in a home
 * directory of its own.
 */

const PROBE = fileURLToPath(new URL('keychain-probe.js', import.meta.url));
const PROGRAMS = ['dbus-run-session', 'dbus-send', 'gnome-keyring-daemon'];

function missingProgram(): string | undefined {
  return PROGRAMS.find((name) => spawnSync('/bin/sh', ['-c', `command -v ${name}`]).status !== 0);
}

const missing = process.platform === 'linux' ? missingProgram() : 'the Secret Service';
// Where tests must all run, a missing program is a failure, which the tests themselves then are.
const options = {
  skip: missing !== undefined && process.env['CI'] === undefined ? `${missing} is missing` : false,
  timeout: 60_000,
};

const UNLOCKED = 'printf pw | gnome-keyring-daemon --foreground --unlock --components=secrets &';
const LOCKED = 'gnome-keyring-daemon --foreground --start --components=secrets &';
const WHEN_READY = `daemon=$!
  until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \\
    org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets; do kill -0 $daemon || exit; done
`;

function makeHome(t: TestContext): string {
  const home = mkdtempSync(path.join(tmpdir(), 'keychain-test-'));
  chmodSync(home, 0o700);
  whenDone(t, () => removeTree(home));
  return home;
}

/** Runs a script in a new D-Bus session, with `probe` as a function; gives the lines that it printed. */
async function inSession(
  home: string,
  script: string,
  dbusOptions: string[] = [],
): Promise<string[]> {
  const probe = `probe() { '${process.execPath}' '${PROBE}' "$@" >&3; }`;
  const stop = 'kill -9 $daemon';
  return run(home, 'dbus-run-session', [
    ...dbusOptions,
    '--',
    'bash',
    '-c',
    `exec 3>&1 >/dev/null 2>&1\n${probe}\n${script}\n${stop}`,
  ]);
}

async function run(home: string, program: string, argv: string[]): Promise<string[]> {
  const child = spawn(program, argv, {
    env: { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  return output.trim().split('\n');
}

test('a key is stored, loaded by another process and removed', options, async (t) => {
  const home = makeHome(t);
  const script = `${UNLOCKED}\n${WHEN_READY}
    probe load store
    probe load store load
    probe remove remove load`;
  assert.deepEqual(await inSession(home, script), [
    'KEYCHAIN: the keychain gives no key for this vault',
    'stored',
    'loaded',
    'stored',
    'loaded',
    'removed',
    'not there',
    'KEYCHAIN: the keychain gives no key for this vault',
  ]);
});

test('the key outlives the session, encrypted on disk', options, async (t) => {
  const home = makeHome(t);
  assert.deepEqual(await inSession(home, `${UNLOCKED}\n${WHEN_READY} probe store`), ['stored']);
  assert.deepEqual(await inSession(home, `${UNLOCKED}\n${WHEN_READY} probe load`), ['loaded']);
  for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.keyring')) continue;
    const bytes = readFileSync(path.join(home, name), 'latin1');
    assert.ok(!bytes.includes('5a5a5a5a') && !bytes.includes('ZZZZZZZZ'), name);
  }
});

test('a locked keychain is one clear line', options, async (t) => {
  const home = makeHome(t);
  await inSession(home, `${UNLOCKED}\n${WHEN_READY} probe store`);
  const lines = await inSession(home, `${LOCKED}\n${WHEN_READY} probe load store`);
  const locked = 'KEYCHAIN: the keychain cannot be used: it is locked';
  assert.deepEqual(lines, [locked, locked]);
});

test('a keychain that was never set up is one clear line', options, async (t) => {
  const lines = await inSession(makeHome(t), `${LOCKED}\n${WHEN_READY} probe load store`);
  assert.deepEqual(lines, [
    'KEYCHAIN: the keychain gives no key for this vault',
    'KEYCHAIN: the keychain cannot be used: it has no keyring yet',
  ]);
});

test('a keychain that does not answer is given up', options, async (t) => {
  const script = `${UNLOCKED}\n${WHEN_READY}
    probe store
    kill -STOP $daemon
    probe load:300`;
  assert.deepEqual(await inSession(makeHome(t), script), [
    'stored',
    'KEYCHAIN: the keychain did not answer within 0.3 s',
  ]);
});

test('a session without a keychain service is one clear line', options, async (t) => {
  const home = makeHome(t);
  const config = path.join(home, 'session.conf');
  writeFileSync(
    config,
    `<busconfig><type>session</type><listen>unix:tmpdir=${home}</listen>
     <policy context="default"><allow send_destination="*" eavesdrop="true"/>
     <allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
  );
  const lines = await inSession(home, 'daemon=; probe load store', ['--config-file', config]);
  const none = 'KEYCHAIN: the keychain cannot be used: no keychain service is running';
  assert.deepEqual(lines, [none, none]);
});

test(
  'a machine without D-Bus is one clear line, and no other store is used',
  options,
  async (t) => {
    const lines = await run(makeHome(t), process.execPath, [PROBE, 'load', 'store', 'load']);
    const none = 'KEYCHAIN: the keychain cannot be used: there is no D-Bus session here';
    assert.deepEqual(lines, [none, none, none]);
  },
);
