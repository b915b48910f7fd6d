import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { findProgram } from '../../src/session/program.ts';
import { chooseShell } from '../../src/session/shell.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

/** A directory with vault-shell itself, links to it named as shells, real shells, and a file that is no program. */
function makeShells(t: TestContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'vs-shell-'));
  whenDone(t, () => {
    removeTree(root);
  });
  for (const directory of ['links', 'real']) mkdirSync(path.join(root, directory));
  for (const file of ['vault-shell', 'real/bash', 'real/zsh']) {
    writeFileSync(path.join(root, file), '#!/bin/sh\n');
    chmodSync(path.join(root, file), 0o755);
  }
  for (const link of ['bash', 'vault-bash', 'other']) {
    symlinkSync('../vault-shell', path.join(root, 'links', link));
  }
  writeFileSync(path.join(root, 'text'), '');
  return root;
}

for (const [name, choice, expected] of [
  ['$SHELL is taken', { environment: { SHELL: 'ROOT/real/zsh' } }, 'ROOT/real/zsh'],
  ['without $SHELL it is /bin/sh', { environment: {} }, '/bin/sh'],
  ['a relative $SHELL is not taken', { environment: { SHELL: 'real/zsh' } }, '/bin/sh'],
  ['a missing $SHELL is not taken', { environment: { SHELL: 'ROOT/real/fish' } }, '/bin/sh'],
  ['a $SHELL nobody can run is not taken', { environment: { SHELL: 'ROOT/text' } }, '/bin/sh'],
  ['vault-shell as $SHELL is not taken', { environment: { SHELL: 'ROOT/vault-shell' } }, '/bin/sh'],
  ['nor is a link to it', { environment: { SHELL: 'ROOT/links/other' } }, '/bin/sh'],
  [
    'the option goes before $SHELL',
    { option: 'ROOT/real/bash', environment: { SHELL: 'ROOT/real/zsh' } },
    'ROOT/real/bash',
  ],
  [
    'the option is looked up in PATH',
    { option: 'zsh', environment: { PATH: 'ROOT/links:ROOT/real' } },
    'ROOT/real/zsh',
  ],
  [
    'called as bash, the first bash which is not ourselves is taken',
    { calledAs: 'bash', environment: { PATH: 'ROOT/links:ROOT/real', SHELL: 'ROOT/real/zsh' } },
    'ROOT/real/bash',
  ],
  [
    'called as vault-bash, too',
    { calledAs: 'vault-bash', environment: { PATH: 'ROOT/links:ROOT/real' } },
    'ROOT/real/bash',
  ],
  [
    'called as vault-shell, $SHELL is taken',
    { calledAs: 'vault-shell', environment: { SHELL: 'ROOT/real/zsh' } },
    'ROOT/real/zsh',
  ],
] as const) {
  void test(name, (t) => {
    const root = makeShells(t);
    const environment = Object.fromEntries(
      Object.entries(choice.environment).map(([key, value]) => [
        key,
        value.replaceAll('ROOT', root),
      ]),
    );
    const chosen = chooseShell({
      option: 'option' in choice ? choice.option.replace('ROOT', root) : undefined,
      calledAs: 'calledAs' in choice ? choice.calledAs : undefined,
      environment,
      cwd: root,
      self: path.join(root, 'vault-shell'),
    });
    assert.equal(chosen, expected.replace('ROOT', root));
  });
}

void test('a shell that was asked for and cannot be had is an error', (t) => {
  const root = makeShells(t);
  const ask = (option: string) => () =>
    chooseShell({ option, environment: {}, cwd: root, self: path.join(root, 'vault-shell') });
  assert.throws(ask('./nothing'), { code: 'NOT_FOUND' });
  assert.throws(ask('nothing'), { code: 'NOT_FOUND' });
  assert.throws(ask('./text'), { code: 'NOT_EXECUTABLE' });
  assert.throws(ask('links/bash'), { code: 'USAGE' });
});

void test('a program is found as a shell finds it', (t) => {
  const root = makeShells(t);
  assert.equal(findProgram('real/bash', '', root), path.join(root, 'real/bash'));
  assert.equal(findProgram('vault-shell', ':/bin', root), path.join(root, 'vault-shell'));
  assert.throws(() => findProgram('', '/bin', root), { code: 'NOT_FOUND' });
  assert.throws(() => findProgram('bash', undefined, root), { code: 'NOT_FOUND' });
  assert.throws(() => findProgram('text', root, root), { code: 'NOT_EXECUTABLE' });
  assert.throws(() => findProgram('real', root, root), { code: 'NOT_EXECUTABLE' });
  assert.throws(() => findProgram('a\u001b[31mb', root, root), {
    message: 'command not found: a\\x1b[31mb',
  });
});
