import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { MAIN, makeVault, randomValue } from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { filesUnder } from '../support/files.ts';
import { findInMemory } from '../support/memory-scan.ts';
import { openSession } from '../support/session.ts';

const USES = 50;

/** Every way in which a value may lie in memory or on disk and be read at a glance. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  return [
    value,
    bytes.toString('hex'),
    bytes.toString('base64').replaceAll('=', '').slice(0, -1),
    bytes.toString('base64url').slice(0, -1),
    bytes.toReversed().toString(),
  ];
}

for (const shell of ['bash', 'dash', 'zsh', 'ksh', 'fish']) {
  describe(`after ${String(USES)} uses in ${shell} [G5]`, { skip: missing(shell) }, () => {
    test('no form of the value is in the shell’s memory or environment', async () => {
      const vault = await makeVault();
      const value = randomValue();
      await vault.set('t', value);
      const use = '/bin/echo "used $VAULT<t>"; T="$VAULT<t>" printenv T | cat';
      // In a pipe the last bytes wait for more if they may begin a value, as digits may in hex.
      const tellPid = `sh -c 'echo "pid $PPID ~~~~~~~~"'`;
      const script = `${`${use}\n`.repeat(USES / 2)}${tellPid}\ncat\ntrue`;
      const child = spawn(process.execPath, [MAIN, '--shell', `/usr/bin/${shell}`, '-c', script], {
        env: vault.environment,
        cwd: vault.home,
      });
      try {
        const [output, pid] = await readUntil(child.stdout, /^pid (\d+) ~/m);
        assert.equal(output.match(/\*\*\*/g)?.length, USES);
        for (const form of formsOf(value)) {
          assert.deepEqual(findInMemory(Number(pid), form), [], 'in memory');
          assert.ok(!readFileSync(`/proc/${pid}/environ`).includes(form), 'in the environment');
          assert.ok(!output.includes(form), 'in the output');
        }
        // The scan finds what is there.
        assert.ok(findInMemory(Number(pid), 'VAULT_SHELL_SESSION=').length > 0);
      } finally {
        child.stdin.end();
        await new Promise((resolve) => child.on('close', resolve));
        vault.remove();
      }
    });
  });
}

test('no form of the value, and no name, is in any file of the vault or the shell’s history [G5] [G6]', async () => {
  const vault = await makeVault();
  try {
    const value = randomValue();
    const old = randomValue();
    await vault.set('a_telling_name', old);
    await vault.set('a_telling_name', value);
    writeFileSync(
      path.join(vault.home, '.bashrc'),
      `PS1='ready> '\nHISTFILE=${vault.home}/history\n`,
    );
    const session = await openSession(vault, { args: ['--shell', '/bin/bash'] });
    try {
      await session.type('/bin/echo "$VAULT<a_telling_name>"');
      assert.match(await session.type('history; set; export -p'), /VAULT<a_telling_name>/);
      session.send('exit\r');
      await session.done;
    } finally {
      await session.close();
    }
    const history = readFileSync(path.join(vault.home, 'history'), 'utf8');
    assert.match(history, /VAULT<a_telling_name>/);
    const files = filesUnder(vault.home);
    assert.ok(files.some((file) => file.endsWith('vault.db')));
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const secret of [value, old]) {
        for (const form of formsOf(secret)) assert.ok(!bytes.includes(form), file);
      }
      if (file.startsWith(vault.directory)) assert.ok(!bytes.includes('a_telling_name'), file);
    }
    await vault.ok(['rm', 'a_telling_name']);
    for (const file of filesUnder(vault.directory)) assert.ok(!readFileSync(file).includes(value));
  } finally {
    vault.remove();
  }
});

test('a value that the session has not been told of yet is masked from its release on [G1]', async () => {
  const vault = await makeVault();
  try {
    const values = Array.from({ length: 8 }, randomValue);
    writeFileSync(path.join(vault.home, 'values'), values.map((value) => `${value}\n`).join(''));
    // Used at once, before the session hears of the change.
    const script = `while read -r value; do
      printf %s "$value" | VAULT_SHELL_HEXKEY=$KEY '${process.execPath}' '${MAIN}' set fresh
      /bin/echo "$VAULT<fresh>"
    done <values`;
    const env = { KEY: vault.environment['VAULT_SHELL_HEXKEY'] };
    const outcome = await vault.run(['-c', script], { env });
    assert.deepEqual(outcome, { code: 0, stdout: '***\n'.repeat(values.length), stderr: '' });
  } finally {
    vault.remove();
  }
});

test('the environment of what a session starts has what the contract lists, and nothing that opens a vault [G7]', async () => {
  const vault = await makeVault();
  try {
    const { stdout } = await vault.run(['-c', 'env -0'], {
      env: { VAULT_SHELL_PASSPHRASE: 'p', VAULT_SHELL_UNKNOWN: 'x', LD_PRELOAD: '' },
    });
    const added = stdout
      .split('\0')
      .map((entry) => entry.split('=')[0] ?? '')
      .filter((name) => name !== '' && !(name in vault.environment));
    const shells = ['PWD', 'OLDPWD', 'SHLVL', '_'];
    assert.deepEqual(added.filter((name) => !shells.includes(name)).toSorted(), [
      'LD_PRELOAD',
      'VAULT',
      'VAULT_FILE',
      'VAULT_SHELL_SESSION',
      'VAULT_SHELL_SOCKET',
    ]);
    assert.ok(!stdout.includes('HEXKEY') && !stdout.includes('PASSPHRASE'));
    assert.match(stdout, /(^|\0)VAULT=\$VAULT\0/);
  } finally {
    vault.remove();
  }
});

/** Gives what came up to a match and its first group; the stream goes on, unread. */
function readUntil(stream: Readable, wanted: RegExp): Promise<[output: string, group: string]> {
  return new Promise((resolve, reject) => {
    let output = '';
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const group = wanted.exec(output)?.[1];
      if (group !== undefined) resolve([output, group]);
    });
    stream.on('end', () => reject(new Error(`the session ended early: ${output}`)));
  });
}
