import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { VaultShellError } from '../../src/base/errors.ts';
import { checkPrivate, vaultDirectory } from '../../src/base/paths.ts';
import { removeTree } from '../support/cleanup.ts';

test('the vault directory comes from the option, VAULT_SHELL_DIR, XDG_DATA_HOME, HOME, in this order', () => {
  const all = { VAULT_SHELL_DIR: '/v', XDG_DATA_HOME: '/x', HOME: '/h' };
  assert.equal(vaultDirectory('/o', all), '/o');
  assert.equal(vaultDirectory(undefined, all), '/v');
  assert.equal(vaultDirectory(undefined, { ...all, VAULT_SHELL_DIR: '' }), '/x/vault-shell');
  assert.equal(
    vaultDirectory(undefined, { XDG_DATA_HOME: 'relative', HOME: '/h' }),
    '/h/.local/share/vault-shell',
  );
  assert.throws(() => vaultDirectory(undefined, {}), /HOME is not set/);
});

test('what others can reach is refused with a hint, links too', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'vault-shell-test-'));
  try {
    const file = path.join(directory, 'f');
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    assert.ok(checkPrivate(file, 'file'));
    assert.equal(checkPrivate(path.join(directory, 'missing'), 'file'), undefined);
    for (const bit of [0o040, 0o020, 0o010, 0o004, 0o002, 0o001]) {
      chmodSync(file, 0o600 | bit);
      assert.throws(() => checkPrivate(file, 'file'), unsafe, bit.toString(8));
    }
    symlinkSync('/dev/null', path.join(directory, 'link'));
    assert.throws(() => checkPrivate(path.join(directory, 'link'), 'file'), unsafe);
    chmodSync(directory, 0o755);
    assert.throws(() => checkPrivate(directory, 'directory'), unsafe);
  } finally {
    removeTree(directory);
  }
});

test(
  'what another user owns is refused',
  { skip: process.getuid?.() === 0 ? false : 'only root can give a file away' },
  () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'vault-shell-test-'));
    try {
      chownSync(directory, 65_534, 65_534);
      assert.throws(() => checkPrivate(directory, 'directory'), unsafe);
    } finally {
      removeTree(directory);
    }
  },
);

function unsafe(error: unknown): boolean {
  return (
    error instanceof VaultShellError && error.code === 'VAULT_UNSAFE' && error.hint !== undefined
  );
}
