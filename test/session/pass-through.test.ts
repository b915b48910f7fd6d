import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hookReaches } from '../../src/session/hook-reach.ts';
import { isPassThrough, PASS_THROUGH } from '../../src/session/pass-through.ts';
import { MAIN } from '../support/cli.ts';
import { removeTree } from '../support/cleanup.ts';

const NOBODY = 65_534;

test('the names are those of the hook', () => {
  const source = readFileSync('shell/hook/program.c', 'utf8');
  const list = /PASS_THROUGH\[\][^=]*= \{([^}]*)\}/.exec(source)?.[1] ?? '';
  const names = [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
  assert.deepEqual(names, PASS_THROUGH);
});

describe('of files', () => {
  let directory: string;
  const file = (name: string, content: string): string => {
    const target = path.join(directory, name);
    writeFileSync(target, content, { mode: 0o755 });
    return target;
  };
  before(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'vault-shell-test-'));
  });
  after(() => removeTree(directory));

  test('shells and launchers pass on, by name, by link, by #!, and so do files without one', () => {
    assert.ok(isPassThrough('/bin/sh', []));
    assert.ok(isPassThrough('/usr/bin/env', []));
    const link = path.join(directory, 'shell-by-another-name');
    symlinkSync('/bin/bash', link);
    assert.ok(isPassThrough(link, []));
    assert.ok(isPassThrough(file('by-link', `#!${link}\n`), []));
    assert.ok(isPassThrough(file('by-script', `#!${file('inner', '#!/bin/sh\n')} -x\n`), []));
    symlinkSync('/bin/cat', path.join(directory, 'ksh'));
    symlinkSync('ksh', path.join(directory, 'first-link'));
    assert.ok(isPassThrough(path.join(directory, 'first-link'), []));
    assert.ok(isPassThrough(file('script', '#! /bin/bash -e\n'), []));
    assert.ok(isPassThrough(file('by-env', '#!/usr/bin/env python3\n'), []));
    assert.ok(isPassThrough(file('bare', 'echo hi\n'), []));
    assert.ok(isPassThrough('/bin/busybox', ['sh', '-c', 'x']));
    assert.ok(isPassThrough(process.execPath, ['--no-warnings', MAIN, '-c', 'x']));
  });

  test('other programs are targets', () => {
    assert.ok(!isPassThrough('/bin/cat', []));
    assert.ok(!isPassThrough(process.execPath, []));
    assert.ok(!isPassThrough(file('python', '#!/usr/bin/python3\n'), []));
    assert.ok(!isPassThrough('/bin/busybox', ['cat']));
  });

  test('the loader takes the hook into dynamic programs and their scripts, not into set-uid ones', () => {
    assert.ok(hookReaches('/bin/sh'));
    assert.ok(hookReaches(file('dynamic-script', '#!/bin/sh\n')));
    assert.ok(!hookReaches('/usr/bin/passwd'));
  });

  const canGrant = process.geteuid?.() === 0 && spawnSync('setcap', ['-h']).error === undefined;
  test('not into one that gains capabilities, which root does not', { skip: !canGrant }, () => {
    const capable = path.join(directory, 'capable');
    copyFileSync('/bin/true', capable);
    chmodSync(directory, 0o755);
    execFileSync('setcap', ['cap_net_raw+ep', capable]);
    assert.ok(hookReaches(capable));
    process.seteuid?.(NOBODY);
    try {
      assert.ok(!hookReaches(capable));
      assert.ok(hookReaches('/bin/true'));
    } finally {
      process.seteuid?.(0);
    }
  });
});
