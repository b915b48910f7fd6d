import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startHookSession, type Ended, type HookSession } from '../support/hook-environment.ts';
import { buildProbe, findProgram, missing } from '../support/programs.ts';
import { removeTree } from '../support/cleanup.ts';

const VALUE = 's3cr3t-value-42';
const FILE = '$VAULT_FILE<gh>';
let session: HookSession;
let directory: string;
/** Starts a program in the way that its first argument names, and is given no value itself. */
let script: string;

before(async () => {
  session = await startHookSession({ gh: VALUE, two: 'the-second-value' });
  const built = buildProbe();
  ({ directory } = built);
  script = path.join(directory, 'nice');
  linkSync(built.probe, script);
});
after(async () => {
  await session.close();
  removeTree(directory);
});

async function shell(text: string, env: Record<string, string> = {}): Promise<Ended> {
  return session.run('/bin/bash', ['-c', text], { env });
}

const WAYS = [
  'execve execv execvp execvpe execl execlp execle execl-many fexecve execveat execveat-fd vfork',
  'posix_spawn posix_spawnp spawn-actions bare-fork no-environment cleared waitpid',
].flatMap((line) => line.split(' '));

for (const way of WAYS) {
  test(`${way}: the program reads the value from a path`, async () => {
    const program = way === 'execl-many' ? '/usr/bin/tail' : '/bin/cat';
    const ended = await session.run(script, [way, program, FILE]);
    if (way !== 'execl-many') assert.equal(ended.stderr, '');
    assert.ok(ended.stdout.endsWith(VALUE), ended.stdout);
    const row = session.store.rows.at(-1);
    assert.equal(row?.outcome, 'ran');
    assert.equal(row.exitCode, way === 'execl-many' ? 1 : 0);
  });

  test(`${way}: with one unknown name nothing runs`, async () => {
    const ended = await session.run(script, [way, '/bin/cat', `${FILE}$VAULT_FILE<nope>`]);
    assert.equal(ended.stdout, '');
    assert.equal(ended.code, 126);
    assert.equal(session.store.rows.at(-1)?.outcome, 'denied');
    assert.match(ended.stderr, /^vault-shell: error: unknown secret "nope"; \S+ was not run\n/);
  });
}

for (const name of ['bash', 'dash', 'sh', 'zsh', 'ksh', 'fish']) {
  test(`${name}: a path in an argument and in a variable`, { skip: missing(name) }, async () => {
    const text = `cat "$VAULT_FILE<gh>"; env F='$VAULT_FILE<gh>' sh -c 'cat $F; echo';
      F="$VAULT_FILE<gh>" printenv F; sh -c 'cat "$1"' sh "$VAULT_FILE<gh>"`;
    const ended = await session.run(findProgram(name) ?? name, ['-c', text]);
    assert.equal(ended.stdout, `${VALUE}${VALUE}\n/proc/self/fd/100\n${VALUE}`);
  });
}

const P = `'$VAULT' + '_FILE<gh>'`;
const PYTHON = [
  'import os, subprocess, sys, threading',
  `p = ${P}`,
  'subprocess.run(["/bin/cat", p])',
  'subprocess.run(["cat", p], close_fds=False)',
  'os.waitpid(os.posix_spawn("/bin/cat", ["cat", p], os.environ), 0)',
  'act = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]',
  'os.waitpid(os.posix_spawn("/bin/cat", ["cat", p], os.environ, file_actions=act), 0)',
  'os.spawnlp(os.P_WAIT, "cat", "cat", p)',
  'assert not [f for f in os.listdir("/proc/self/fd") if int(f) >= 100 and "memfd" in os.readlink("/proc/self/fd/" + f)]',
].join('\n');
const NODE = [
  `const c = require('child_process'); const p = ${P};`,
  `for (const f of ['/bin/cat', 'cat']) c.spawnSync(f, [p], { stdio: 'inherit' });`,
  `c.execSync("cat '" + p + "'", { stdio: 'inherit' });`,
].join('\n');

for (const [name, args, times] of [
  ['python3', ['-c', PYTHON], 5],
  ['node', ['-e', NODE], 3],
] as const) {
  test(`${name}: every way to start a program`, { skip: missing(name) }, async () => {
    const ended = await session.run(findProgram(name) ?? name, args);
    assert.equal(ended.stderr, '');
    assert.equal(ended.stdout, VALUE.repeat(times));
  });
}

test('values and files of values go together in one command', async () => {
  const ended = await shell(
    `sh -c 'exec cat /dev/null "$@"' x "$VAULT_FILE<two>" "$VAULT_FILE<gh>";
     X="v=$VAULT<gh>" F="$VAULT_FILE<gh>" printenv X F;
     /bin/echo "a=$VAULT_FILE<gh>,$VAULT<gh>,$VAULT_FILE<gh>" "$VAULT_FILE<two>"`,
  );
  assert.equal(
    ended.stdout,
    `the-second-value${VALUE}v=${VALUE}\n/proc/self/fd/100\n` +
      `a=/proc/self/fd/100,${VALUE},/proc/self/fd/100 /proc/self/fd/101\n`,
  );
});

test('an empty value is an empty file', async () => {
  session.store.values.set('empty', '');
  assert.equal(
    (await shell('wc -c < "/dev/null"; wc -c "$VAULT_FILE<empty>"')).stdout,
    '0\n0 /proc/self/fd/100\n',
  );
  session.store.values.delete('empty');
});

test('the file is sealed, for the owner alone, and nowhere on a disk', async () => {
  const look = `stat -Lc '%a %u %F' "$VAULT_FILE<gh>"; readlink "$VAULT_FILE<gh>"`;
  assert.equal(
    (await shell(look)).stdout,
    `400 ${process.getuid?.()} regular file\n/memfd:vault-shell-value (deleted)\n`,
  );
  const write = `import fcntl, os, sys
fd = int(sys.argv[1].rsplit('/')[-1])
print(fcntl.fcntl(fd, 1034) & 15, os.lseek(fd, 0, os.SEEK_CUR))
for attempt in (lambda: os.write(fd, b'x'), lambda: os.ftruncate(fd, 0), lambda: os.truncate(fd, 99)):
  try:
    attempt(); print('written')
  except PermissionError: print('refused')`;
  writeFileSync(path.join(directory, 'write.py'), write);
  const tried = await shell(`python3 ${directory}/write.py "$VAULT_FILE<gh>"`);
  assert.match(tried.stdout, /^15 \d+\nrefused\nrefused\nrefused\n$/);
  const grep = `! grep -rlsF ${VALUE} ${session.directory} ${directory} /dev/shm`;
  assert.equal((await shell(`cat "$VAULT_FILE<gh>" > /dev/null; ${grep}`)).stdout, '');
});

test('neither a sibling nor a later program of the shell has it', async () => {
  const count = `ls -l /proc/self/fd | grep -c memfd`;
  const ended = await shell(
    `tail -f "$VAULT_FILE<gh>" > /dev/null & ${count}; kill $!; wait $! 2> /dev/null; ${count}; ls -l /proc/$$/fd | grep -c memfd`,
  );
  assert.equal(ended.stdout, '0\n0\n0\n');
});

test('children that other threads spawn at the same time do not have it', async () => {
  const program = path.join(directory, 'timeout');
  execFileSync('cc', [
    '-O1',
    '-Wall',
    '-pthread',
    '-o',
    program,
    path.resolve('test/hook/threads.c'),
  ]);
  const ended = await session.run(program, [FILE]);
  assert.equal(ended.stderr, '');
  assert.equal(ended.stdout, 'read 200, leaked 0, kept 0\n');
});

test('a program that cannot be executed after all leaves no file', async () => {
  const broken = path.join(directory, 'broken');
  writeFileSync(broken, Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(100)]), {
    mode: 0o755,
  });
  for (const way of ['execve', 'posix_spawn', 'spawn-actions']) {
    const ended = await session.run(script, [way, broken, FILE]);
    assert.equal(ended.stderr, 'probe: ENOEXEC\n', way);
    assert.equal(session.store.rows.at(-1)?.exitCode, 126, way);
  }
  const python = `import os
try: os.execv('${broken}', ['x', ${P}])
except OSError as error: print(error.errno)
print([f for f in os.listdir('/proc/self/fd') if int(f) >= 100 and "memfd" in os.readlink("/proc/self/fd/" + f)])`;
  writeFileSync(path.join(directory, 'exec.py'), python);
  assert.equal((await shell(`python3 ${directory}/exec.py`)).stdout, '8\n[]\n');
});

test('where no file can be made nothing runs', async () => {
  const line = 'vault-shell: error: a value cannot be given as a file here; /bin/cat was not run\n';
  for (const way of ['execve', 'posix_spawn', 'spawn-actions', 'spawn-clash']) {
    // No descriptor as high as those of values.
    const limit = way === 'spawn-clash' ? 200 : 90;
    const ended = await shell(`ulimit -n ${limit}; ${script} ${way} /bin/cat '${FILE}'; echo $?`);
    assert.equal(ended.stdout, '126\n', way);
    assert.equal(ended.stderr, `${line}probe: EACCES\n`, way);
    assert.equal(session.store.rows.at(-1)?.exitCode, 126, way);
  }
});

test('what the program starts has the file too, unless the program closes it', async () => {
  const python = `import subprocess, sys
for close in (False, True): print(subprocess.run(['readlink', sys.argv[1]], close_fds=close).returncode, flush=True)`;
  writeFileSync(path.join(directory, 'children.py'), python);
  const ended = await shell(`python3 ${directory}/children.py "$VAULT_FILE<gh>"`);
  assert.equal(ended.stdout, '/memfd:vault-shell-value (deleted)\n0\n1\n');
});

test("a child in its parent's memory is given no file", async () => {
  const ended = await session.run(script, ['shared-memory', '/bin/cat', FILE]);
  assert.equal(ended.stdout, '');
  assert.match(ended.stderr, /a process that runs in its parent's memory is given no value/);
});

test('shells, launchers and VAULT_SHELL_LITERAL=1 keep the text', async () => {
  const ended = await shell(
    `sh -c 'echo "$1"' x "$VAULT_FILE<gh>"; env F="$VAULT_FILE<gh>" sh -c 'echo "$F"';
     VAULT_SHELL_LITERAL=1 /bin/echo "$VAULT_FILE<gh>"; echo "$VAULT_FILE<gh>"`,
  );
  assert.equal(ended.stdout, `${FILE}\n`.repeat(4));
});

test('a malformed one is refused', async () => {
  for (const text of ['$VAULT_FILE<', '$VAULT_FILE<g h>', 'a$VAULT_FILE<gh>$VAULT<']) {
    const ended = await session.run('/bin/sh', ['-c', '/bin/cat "$0"; echo $?', text]);
    assert.equal(ended.stdout, '126\n');
    assert.match(ended.stderr, /^vault-shell: error: malformed placeholder "/);
  }
});

test(
  'ssh-keygen takes a key, ssh keeps it open',
  { skip: missing('ssh-keygen', 'ssh') },
  async () => {
    const key = path.join(directory, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key]);
    session.store.values.set('key', readFileSync(key, 'utf8'));
    const shown = await shell('ssh-keygen -y -f "$VAULT_FILE<key>"');
    assert.equal(shown.stderr, '');
    assert.equal(shown.stdout.trim(), readFileSync(`${key}.pub`, 'utf8').trim());
    // ssh closes every descriptor from 3 on as it starts; type -1 would be a key that is not there.
    const seen = await shell(
      `ssh -v -F none -o ProxyCommand=false -i "$VAULT_FILE<key>" nowhere 2>&1 | grep 'identity file /proc'`,
    );
    assert.match(seen.stdout, /identity file \/proc\/self\/fd\/100 type \d/);
  },
);

test('curl reads its options, openssl a key', { skip: missing('curl', 'openssl') }, async () => {
  const page = path.join(directory, 'page');
  writeFileSync(page, 'a page');
  session.store.values.set('curlrc', `url = "file://${page}"\n`);
  assert.equal((await shell('curl -s -K "$VAULT_FILE<curlrc>"')).stdout, 'a page');
  const pem = execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519'], { encoding: 'utf8' });
  session.store.values.set('pem', pem);
  const shown = await shell('openssl pkey -in "$VAULT_FILE<pem>"');
  assert.equal(shown.stdout, pem);
});
