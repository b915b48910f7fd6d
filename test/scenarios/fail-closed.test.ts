import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeVault, openVault, withDatabase, WRITE } from '../../src/vault/open.ts';
import { MAIN, makeVault, randomValue, type TestVault } from '../support/cli.ts';

/*
 * What goes wrong while a session is open: nothing runs without its value, one clear line says why, the exit code
 * is 126, and nothing crashes [G4].
 */
const USE = '/bin/echo "ran $VAULT<gh>"; echo "code $?"';
/** Holds the vault's lock until it is killed. */
const KEEPER = fileURLToPath(new URL('../vault/lock-keeper.js', import.meta.url));
const NOT_RUN = '/bin/echo was not run';

interface Case {
  readonly what: string;
  /** Shell commands in the session, ahead of the use. */
  readonly spoil: (vault: TestVault) => string;
  readonly why: string;
}

const db = (vault: TestVault): string => `"${path.join(vault.directory, 'vault.db')}"`;

const CASES: readonly Case[] = [
  {
    what: 'the socket is removed',
    spoil: () => 'rm "$VAULT_SHELL_SOCKET"',
    why: "the session's broker gave no answer",
  },
  {
    what: "the session's directory is removed",
    spoil: () => 'rm -r "${VAULT_SHELL_SOCKET%/*}"',
    why: "the session's broker gave no answer",
  },
  {
    what: "the socket is another's",
    spoil: () => 'VAULT_SHELL_SOCKET=/dev/null; export VAULT_SHELL_SOCKET; exec sh use',
    why: "the session's broker gave no answer",
  },
  {
    what: "the session id is another's",
    spoil: () => 'VAULT_SHELL_SESSION=1-ab; export VAULT_SHELL_SESSION; exec sh use',
    why: 'not of this session',
  },
  {
    what: 'the vault is gone',
    spoil: (vault) => `rm -r "${vault.directory}"`,
    why: 'the vault cannot be used',
  },
  {
    what: "the vault's file is no database any more",
    spoil: (vault) => `rm -f ${db(vault)}*; head -c 8192 /dev/zero >${db(vault)}`,
    why: 'the vault cannot be used',
  },
  {
    what: 'the vault can be reached by others',
    spoil: (vault) => `chmod 755 "${vault.directory}"`,
    why: 'the vault cannot be used',
  },
];

for (const { what, spoil, why } of CASES) {
  test(`${what}: refused [G4]`, { timeout: 60_000 }, async () => {
    const vault = await makeVault();
    try {
      await vault.set('gh', randomValue());
      writeFileSync(path.join(vault.home, 'use'), USE);
      const { code, stdout, stderr } = await vault.run(['-c', `${spoil(vault)}; . ./use`]);
      assert.equal(stdout, 'code 126\n');
      const lines = stderr.split('\n').filter((line) => line.includes('vault-shell: '));
      assert.equal(lines.length, 1, stderr);
      assert.ok(lines[0]?.startsWith(`vault-shell: error: ${why}`), stderr);
      assert.ok(lines[0]?.endsWith(NOT_RUN), stderr);
      assert.equal(code, 0);
    } finally {
      vault.remove();
    }
  });
}

test('the session is killed: what it left running is refused, ordinary programs go on [G4]', async () => {
  const vault = await makeVault();
  await vault.set('gh', randomValue());
  const fifo = path.join(vault.home, 'fifo');
  const report = path.join(vault.home, 'report');
  execFileSync('mkfifo', [fifo]);
  writeFileSync(
    path.join(vault.home, 'rest'),
    `read x <${fifo}; { ${USE}; /bin/echo plain; } >${report} 2>&1; echo end >${fifo}\n`,
  );
  const session = spawn(process.execPath, [MAIN, '-c', 'sh rest & echo on; wait'], {
    env: vault.environment,
    cwd: vault.home,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(session.stdout, 'data');
  session.kill('SIGKILL');
  await once(session, 'exit');
  writeFileSync(fifo, 'go\n');
  assert.equal(readFileSync(fifo, 'utf8'), 'end\n');
  const text = readFileSync(report, 'utf8');
  assert.match(
    text,
    /^vault-shell: error: the session's broker gave no answer; \/bin\/echo was not run\n/,
  );
  assert.match(text, /\ncode 126\nplain\n$/);
  vault.remove();
});

test(
  'another process keeps the vault locked: refused once it has been waited for [G3]',
  { timeout: 60_000 },
  async () => {
    const vault = await makeVault();
    await vault.set('gh', randomValue());
    const fifo = path.join(vault.home, 'fifo');
    execFileSync('mkfifo', [fifo]);
    writeFileSync(path.join(vault.home, 'use'), USE);
    const session = vault.run(['-c', `echo begun >${fifo}; read x <${fifo}; . ./use`]);
    assert.equal(readFileSync(fifo, 'utf8'), 'begun\n');
    const keeper = spawn(process.execPath, [KEEPER, vault.directory], {
      env: { KEY: vault.environment['VAULT_SHELL_HEXKEY'] ?? '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(keeper.stdout, 'data');
      writeFileSync(fifo, 'go\n');
      const { code, stdout, stderr } = await session;
      assert.deepEqual([code, stdout], [0, 'code 126\n']);
      assert.match(stderr, /^vault-shell: error: the vault is busy; \/bin\/echo was not run\n/);
    } finally {
      keeper.kill('SIGKILL');
      await once(keeper, 'close');
      vault.remove();
    }
  },
);

/** Writes a value past `set`, which refuses it. */
async function insertValue(vault: TestVault, value: string): Promise<void> {
  const key = Buffer.from(vault.environment['VAULT_SHELL_HEXKEY'] ?? '', 'hex');
  const opened = openVault(vault.directory, key);
  const sql = "INSERT INTO secrets (name, value, created_at) VALUES ('short', :value, '')";
  try {
    await withDatabase(opened, (database) => database.run(sql, { value }), WRITE);
  } finally {
    await closeVault(opened);
  }
}

test(
  'a value that cannot be masked: no session starts, and one that is open ends [G1]',
  { timeout: 60_000 },
  async () => {
    const vault = await makeVault();
    try {
      const fifo = path.join(vault.home, 'fifo');
      execFileSync('mkfifo', [fifo]);
      const session = vault.run(['-c', `echo begun >${fifo}; read x <${fifo}; echo on`]);
      assert.equal(readFileSync(fifo, 'utf8'), 'begun\n');
      await insertValue(vault, 'abc');
      const later = await vault.run(['-c', 'touch ran; echo on']);
      for (const { code, stdout, stderr } of [await session, later]) {
        assert.deepEqual([code, stdout], [125, '']);
        assert.match(
          stderr,
          /^vault-shell: error: a value of the vault is too short to be masked\n/,
        );
      }
      assert.ok(!existsSync(path.join(vault.home, 'ran')));
    } finally {
      vault.remove();
    }
  },
);

/** A file system of 2 MiB, where this user can make one. */
function mountSmall(directory: string): boolean {
  mkdirSync(directory, { recursive: true });
  const args = ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', directory];
  return spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
}

test('the disk is full: no row, so no value [G3]', { timeout: 60_000 }, async (t) => {
  const vault = await makeVault();
  const disk = path.join(vault.home, 'disk');
  if (!mountSmall(disk)) {
    vault.remove();
    t.skip('mount is not allowed here');
    return;
  }
  try {
    const directory = path.join(disk, 'vault');
    const env = { VAULT_SHELL_DIR: directory };
    await vault.ok(['init', '--key', 'hexkey'], { env });
    await vault.ok(['set', 'gh'], { env, input: randomValue() });
    // The log's pages have a little room left: so many uses that some of them must find none.
    const script = `dd if=/dev/zero of=${disk}/fill bs=4096 2>/dev/null
      i=0; while [ $i -lt 40 ]; do i=$((i+1)); /bin/echo "ran $i $(head -c 2000 /dev/zero | tr '\\0' x) $VAULT<gh>" | cut -c1-8; done`;
    const { code, stdout, stderr } = await vault.run(['-c', script], { env });
    assert.equal(code, 0);
    const refused = stderr.match(/the vault cannot be used; \/bin\/echo was not run/g) ?? [];
    assert.ok(refused.length > 0, `${stdout}${stderr}`);
    const ran = stdout.match(/^ran \d+/gm) ?? [];
    assert.equal(ran.length + refused.length, 40);
    execFileSync('rm', [`${disk}/fill`]);
    const rows = JSON.parse(await vault.ok(['audit', '--json', '--limit', '100'], { env }));
    for (const line of ran) {
      const has = rows.some((row: { command: string }) => row.command.includes(`'${line} `));
      assert.ok(has, `${line} has a row`);
    }
  } finally {
    execFileSync('umount', [disk]);
    vault.remove();
  }
  assert.ok(!existsSync(disk));
});

test('a mebibyte of arguments gets its value; more than can be sent is refused [G4]', async () => {
  const vault = await makeVault();
  try {
    await vault.set('gh', randomValue());
    const long = 'x'.repeat(100_000);
    writeFileSync(path.join(vault.home, 'words'), `${long}\n`.repeat(45));
    const many = (count: number): string =>
      `set -- $(head -n ${count} words); /bin/echo "$VAULT<gh>" "$@" | wc -c; /bin/true "$VAULT<gh>" "$@"; echo "code $?"`;
    const fits = await vault.run(['-c', many(11)]);
    assert.match(fits.stdout, /^11000\d\d\ncode 0\n$/, fits.stderr.slice(0, 300));
    const tooMany = await vault.run(['-c', `ulimit -s unlimited; ${many(45)}`]);
    assert.match(tooMany.stdout, /^0\ncode 126\n$/);
    assert.match(tooMany.stderr, /[Aa]rgument list too long|was not run/);
  } finally {
    vault.remove();
  }
});
