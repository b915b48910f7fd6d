import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { LIBRARY, startHookSession, type HookSession } from '../support/hook-environment.ts';
import { buildProbe, missing } from '../support/programs.ts';
import { removeTree } from '../support/cleanup.ts';

const VALUE = 's3cr3t-value-42';
let session: HookSession;
let probe: string;
let directory: string;

before(async () => {
  session = await startHookSession({ gh: VALUE });
  ({ directory, probe } = buildProbe());
});
after(async () => {
  await session.close();
  removeTree(directory);
});

async function bash(script: string, env: Record<string, string> = {}): Promise<string> {
  const ended = await session.run('/bin/bash', ['-c', script], { env });
  return ended.stdout + ended.stderr;
}

test('env -i keeps the session and nothing else', async () => {
  const lines = (await bash('env -i X=1 env')).trimEnd().split('\n').toSorted();
  const { VAULT, VAULT_FILE, VAULT_SHELL_SOCKET, VAULT_SHELL_SESSION, LD_PRELOAD } =
    session.environment;
  assert.deepEqual(lines, [
    `LD_PRELOAD=${LD_PRELOAD}`,
    `VAULT=${VAULT}`,
    `VAULT_FILE=${VAULT_FILE}`,
    `VAULT_SHELL_SESSION=${VAULT_SHELL_SESSION}`,
    `VAULT_SHELL_SOCKET=${VAULT_SHELL_SOCKET}`,
    'X=1',
  ]);
});

test('a program that clears its own environment keeps the session', async () => {
  const ended = await session.run(probe, ['cleared', '/bin/sh', '-c', '/bin/echo "$VAULT<gh>"']);
  assert.equal(ended.stdout, `${VALUE}\n`);
});

test('unset and emptied variables come back', async () => {
  const own = ['LD_PRELOAD', 'VAULT', 'VAULT_FILE', 'VAULT_SHELL_SOCKET', 'VAULT_SHELL_SESSION'];
  for (const name of own) {
    for (const change of [`unset ${name}`, `export ${name}=`]) {
      const out = await bash(`${change}; printenv ${name}`);
      assert.equal(out, `${session.environment[name]}\n`, change);
    }
  }
});

test('the library may have a path of thousands of bytes', async () => {
  let deep = path.join(directory, 'deep');
  while (deep.length < 3000) deep = path.join(deep, 'd'.repeat(200));
  mkdirSync(deep, { recursive: true });
  const library = path.join(deep, 'libvault-hook.so');
  copyFileSync(LIBRARY, library);
  const script = 'env -i /bin/sh -c \'printenv LD_PRELOAD; /bin/echo "$VAULT<gh>"\'';
  assert.equal(await bash(script, { LD_PRELOAD: library }), `${library}\n${VALUE}\n`);
});

test("a user's own libraries are kept, behind ours", async () => {
  const library = session.environment['LD_PRELOAD'];
  const cases = [
    ['libm.so.6', `${library}:libm.so.6`],
    ['libm.so.6:libdl.so.2', `${library}:libm.so.6:libdl.so.2`],
    [`libm.so.6 ${library}`, `libm.so.6 ${library}`],
  ] as const;
  for (const [own, expected] of cases) {
    assert.equal(await bash(`LD_PRELOAD='${own}' printenv LD_PRELOAD`), `${expected}\n`);
  }
});

test("another session's variables, and the user's own VAULT, are left alone", async () => {
  const script = `VAULT=mine VAULT_SHELL_SOCKET=/other VAULT_SHELL_SESSION=1-other env`;
  const lines = (await bash(script)).split('\n');
  for (const line of ['VAULT=mine', 'VAULT_SHELL_SOCKET=/other', 'VAULT_SHELL_SESSION=1-other']) {
    assert.ok(lines.includes(line), line);
  }
});

test('VAULT_SHELL_LITERAL=1 leaves placeholders as text, for one command', async () => {
  const rows = session.store.rows.length;
  const literal = `VAULT_SHELL_LITERAL=1 /bin/echo "$VAULT<gh> $VAULT<no good"`;
  assert.equal(await bash(literal), '$VAULT<gh> $VAULT<no good\n');
  assert.equal(session.store.rows.length, rows);
  const zero = `VAULT_SHELL_LITERAL=0 /bin/echo "$VAULT<gh>"`;
  assert.equal(await bash(zero), `${VALUE}\n`);
});

test(
  'a program without a placeholder makes no system call more',
  { skip: missing('strace') },
  async () => {
    // Seen from outside: the same calls with the hook loaded and outside of a session.
    const script = 'exec /bin/true plain';
    const trace = async (env: Record<string, string | undefined>): Promise<string[]> => {
      const log = path.join(directory, 'trace');
      await session.run('strace', ['-o', log, '/bin/dash', '-c', script], { env });
      const lines = readFileSync(log, 'utf8').split('\n');
      // From the last call of the shell's start-up to its exec.
      const exec = lines.findIndex((line) => line.startsWith('execve("/bin/true"'));
      assert.notEqual(exec, -1);
      return lines.slice(exec - 1, exec + 1).map((line) => line.replace(/\(.*/s, ''));
    };
    const inside = await trace({});
    const outside = await trace({ VAULT_SHELL_SOCKET: undefined, VAULT_SHELL_SESSION: undefined });
    assert.deepEqual(inside, outside);
  },
);

test(
  'a program in a session takes a page and asks for its pid and its parent as it starts, nothing more',
  { skip: missing('strace') },
  async () => {
    const calls = async (env: Record<string, string | undefined>): Promise<string[]> => {
      const log = path.join(directory, 'start');
      await session.run('strace', ['-o', log, '/bin/true'], { env });
      const lines = readFileSync(log, 'utf8').split('\n');
      return lines.map((line) => line.replace(/\(.*/s, '')).toSorted();
    };
    const outside = await calls({ VAULT_SHELL_SOCKET: undefined, VAULT_SHELL_SESSION: undefined });
    assert.deepEqual(
      await calls({}),
      [...outside, 'getpid', 'getppid', 'madvise', 'mmap'].toSorted(),
    );
  },
);

test('the working directory and the command stand in the row', async () => {
  const there = path.join(directory, 'a b');
  mkdirSync(there);
  await bash(`cd '${there}'; /bin/echo "$VAULT<gh>" 'it''s' > /dev/null`);
  const row = session.store.rows.at(-1);
  assert.equal(row?.cwd, there);
  assert.equal(row.command, `/bin/echo '$VAULT<gh>' its`);
});

test('a removed working directory does not stop anything', async () => {
  const gone = path.join(directory, 'gone');
  mkdirSync(gone);
  assert.equal(await bash(`cd '${gone}'; rmdir '${gone}'; /bin/echo "$VAULT<gh>"`), `${VALUE}\n`);
  assert.equal(session.store.rows.at(-1)?.cwd, '');
});

test('the value lies in the program that asked, and its shell has the placeholder', async () => {
  const file = path.join(directory, 'cmdlines');
  writeFileSync(file, '');
  await bash(`sh -c 'tr "\\0" " " < /proc/$$/cmdline > ${file}; true' x "$VAULT<gh>"`);
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes('$VAULT<gh>'));
  assert.equal(text.includes(VALUE), false);
});
