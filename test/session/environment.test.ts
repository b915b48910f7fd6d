import assert from 'node:assert/strict';
import test from 'node:test';
import { childEnvironment, plainEnvironment } from '../../src/session/environment.ts';

const OPTIONS = {
  base: { PATH: '/bin', HOME: '/home/me' },
  hook: '/opt/libvault-hook.so',
  socket: '/run/s/broker',
  session: '12-abc',
  platform: 'linux',
} as const;

void test('a session adds these variables and no other', () => {
  assert.deepEqual(childEnvironment(OPTIONS), {
    PATH: '/bin',
    HOME: '/home/me',
    LD_PRELOAD: '/opt/libvault-hook.so',
    VAULT: '$VAULT',
    VAULT_FILE: '$VAULT_FILE',
    VAULT_SHELL_SOCKET: '/run/s/broker',
    VAULT_SHELL_SESSION: '12-abc',
  });
});

void test('nothing that opens a vault, and nothing of an outer session, is passed on', () => {
  const base = {
    VAULT_SHELL_HEXKEY: 'a',
    VAULT_SHELL_PASSPHRASE: 'b',
    VAULT_SHELL_INVENTED_TOMORROW: 'c',
    VAULT_SHELL_SOCKET: 'd',
    VAULT_SHELL_SESSION: 'e',
    VAULT_SHELL_DIR: '/vault',
    VAULT_SHELL_LITERAL: '1',
    VAULT_SHELL_DEBUG: '1',
    UNSET: undefined,
    EMPTY: '',
  };
  assert.deepEqual(plainEnvironment(base), {
    VAULT_SHELL_DIR: '/vault',
    VAULT_SHELL_LITERAL: '1',
    VAULT_SHELL_DEBUG: '1',
    EMPTY: '',
  });
});

for (const [given, expected] of [
  [undefined, '/opt/libvault-hook.so'],
  ['', '/opt/libvault-hook.so'],
  ['/lib/one.so', '/opt/libvault-hook.so:/lib/one.so'],
  ['/lib/one.so /lib/two.so', '/opt/libvault-hook.so:/lib/one.so:/lib/two.so'],
  [':/lib/one.so::', '/opt/libvault-hook.so:/lib/one.so'],
  ['/opt/libvault-hook.so', '/opt/libvault-hook.so'],
  ['/run/outer/libvault-hook.so:/lib/one.so', '/opt/libvault-hook.so:/lib/one.so'],
] as const) {
  void test(`LD_PRELOAD=${given} becomes ${expected}`, () => {
    const base = { LD_PRELOAD: given };
    assert.equal(childEnvironment({ ...OPTIONS, base })['LD_PRELOAD'], expected);
  });
}

void test('on macOS the library is inserted, and a blank in a path of the user is none of ours', () => {
  const base = { DYLD_INSERT_LIBRARIES: '/a b/one.dylib' };
  const result = childEnvironment({ ...OPTIONS, base, platform: 'darwin' });
  assert.equal(result['DYLD_INSERT_LIBRARIES'], '/opt/libvault-hook.so:/a b/one.dylib');
  assert.equal(result['LD_PRELOAD'], undefined);
});

void test('the directory of vault-shell comes last in PATH', () => {
  const binDirectory = '/run/s/bin';
  assert.equal(childEnvironment({ ...OPTIONS, binDirectory })['PATH'], '/bin:/run/s/bin');
  const bare = childEnvironment({ ...OPTIONS, base: {}, binDirectory });
  assert.equal(bare['PATH'], '/usr/local/bin:/usr/bin:/bin:/run/s/bin');
});
