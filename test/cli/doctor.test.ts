import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { makePlace, makeVault, type TestVault } from '../support/cli.ts';

type Finding = { readonly check: string; readonly status: string; readonly detail: string };

async function examine(
  vault: TestVault,
): Promise<{ code: number; findings: Map<string, Finding> }> {
  const { code, stdout } = await vault.run(['doctor', '--json']);
  const list: readonly Finding[] = JSON.parse(stdout);
  return { code, findings: new Map(list.map((finding) => [finding.check, finding])) };
}

test('where all is well, doctor says so of each part', async () => {
  const vault = await makeVault();
  try {
    const { code, findings } = await examine(vault);
    assert.equal(code, 0);
    for (const check of [
      'node',
      'hook',
      'front end',
      'addon',
      'pty',
      'shells',
      'launchers',
      'vault',
    ]) {
      assert.equal(findings.get(check)?.status, 'ok', `${check}: ${findings.get(check)?.detail}`);
    }
    assert.match(
      findings.get('front end')?.detail ?? '',
      /^vault-shell vault-bash vault-zsh vault-sh$/,
    );
    assert.match(findings.get('shells')?.detail ?? '', /\/sh( |$)/);
    const { stdout } = await vault.run(['doctor']);
    assert.match(stdout, /^CHECK +STATUS +DETAIL\n/);
  } finally {
    vault.remove();
  }
});

test('no vault is a warning, one that others can read a failure with a hint', async () => {
  const place = makePlace();
  try {
    const before = await examine(place);
    assert.equal(before.code, 0);
    assert.equal(before.findings.get('vault')?.status, 'warn');
    await place.ok(['init', '--key', 'hexkey']);
    chmodSync(place.directory, 0o755);
    const { code, findings } = await examine(place);
    assert.equal(code, 1);
    assert.equal(findings.get('vault')?.status, 'fail');
    assert.match(findings.get('vault')?.detail ?? '', /chmod/);
  } finally {
    place.remove();
  }
});
