import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findProgram, missing } from '../support/programs.ts';
import { startHookSession, type Ended, type HookSession } from '../support/hook-environment.ts';

const VALUE = 's3cr3t-value-42';
let session: HookSession;

before(async () => {
  session = await startHookSession({ gh: VALUE });
});
after(async () => {
  await session.close();
});

/** Runs something that starts one program with a placeholder; gives the row of that program too. */
async function runOnce(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended & { commands: string[]; codes: (number | null)[] }> {
  const from = session.store.rows.length;
  const ended = await session.run(findProgram(program) ?? program, args, { env });
  const rows = session.store.rows.slice(from);
  return {
    ...ended,
    commands: rows.map((row) => row.command),
    codes: rows.map((row) => row.exitCode),
  };
}

const SHELLS = ['bash', 'dash', 'sh', 'zsh', 'ksh', 'fish'];

for (const shell of SHELLS) {
  const status = shell === 'fish' ? '$status' : '$?';
  const options = { skip: missing(shell) };

  test(`${shell}: the program gets the value, the shell sees its exit code`, options, async () => {
    const script = `/bin/echo "a $VAULT<gh>"; /bin/sh -c 'exit 3' x "$VAULT<gh>"; echo ${status}`;
    const ended = await runOnce(shell, ['-c', script]);
    assert.equal(ended.stdout, `a ${VALUE}\n3\n`);
    assert.equal(ended.stderr, '');
    assert.deepEqual(ended.commands, [`/bin/echo 'a $VAULT<gh>'`]);
    assert.deepEqual(ended.codes, [0]);
  });

  test(`${shell}: single quotes and variables reach exec as they are`, options, async () => {
    const assign = shell === 'fish' ? `set X '$VAULT<gh>'` : `X='$VAULT<gh>'`;
    const ended = await runOnce(shell, ['-c', `${assign}; /bin/echo '$VAULT<gh>' "$X"; echo "$X"`]);
    assert.equal(
      ended.stdout,
      `${VALUE} ${VALUE}\n$VAULT<gh>\n`,
      'a builtin shows the placeholder',
    );
  });

  test(
    `${shell}: exit codes and signals of programs with a value are recorded`,
    options,
    async () => {
      const node = process.execPath;
      const script = [
        `${node} -e 'process.exit(5)' "$VAULT<gh>"`,
        `${node} -e 'process.kill(process.pid, "SIGTERM")' "$VAULT<gh>"`,
        `echo done`,
      ].join('; ');
      const ended = await runOnce(shell, ['-c', script]);
      assert.deepEqual(ended.codes, [5, 143]);
    },
  );

  test(`${shell}: a program in the place of the shell ends with its code`, options, async () => {
    const ended = await runOnce(shell, ['-c', 'exec /usr/bin/env false "$VAULT<gh>"']);
    assert.equal(ended.code, 1);
    assert.deepEqual(ended.codes, [1]);
  });

  test(`${shell}: pipelines, substitutions and nested shells`, options, async () => {
    const substitution =
      shell === 'fish' ? '(/bin/echo "$VAULT<gh>")' : '$(/bin/echo "$VAULT<gh>")';
    const script = [
      `/bin/echo "$VAULT<gh>" | cat`,
      `echo ${substitution}`,
      `sh -c '/bin/echo "$1"' sh "$VAULT<gh>"`,
      `bash -c "/bin/echo '$VAULT<gh>'"`,
    ].join('; ');
    const ended = await runOnce(shell, ['-c', script]);
    assert.equal(ended.stdout, `${VALUE}\n`.repeat(4));
    assert.deepEqual(ended.codes, [0, 0, 0, 0]);
  });

  test(`${shell}: a denied program is 126 and did not run`, options, async () => {
    const ended = await runOnce(shell, [
      '-c',
      `/bin/echo "$VAULT<gh> $VAULT<nope>"; echo ${status}`,
    ]);
    assert.equal(ended.stdout, '126\n');
    const line = 'vault-shell: error: unknown secret "nope"; /bin/echo was not run';
    assert.equal(ended.stderr.split('\n').filter((candidate) => candidate === line).length, 1);
    assert.equal(ended.stderr.match(/vault-shell/g)?.length, 1);
  });
}

test('an environment variable is resolved in the program alone', async () => {
  const script = 'sh -c "printenv TOKEN; echo \\$TOKEN"';
  const ended = await runOnce('bash', ['-c', script], { TOKEN: 'x$VAULT<gh>' });
  assert.equal(ended.stdout, `x${VALUE}\nx$VAULT<gh>\n`);
});

const P = "'$VAULT' + '<gh>'";
const PYTHON = [
  'import os, subprocess, sys',
  `p = ${P}`,
  'sys.stdout.flush()',
  'subprocess.run(["/bin/echo", p])',
  'subprocess.run(["echo", p], close_fds=False)',
  'subprocess.run(["/bin/echo", p], preexec_fn=lambda: None)',
  'subprocess.run("/bin/echo \'" + p + "\'", shell=True)',
  'os.system("/bin/echo \'" + p + "\'")',
  'os.waitpid(os.posix_spawn("/bin/echo", ["echo", p], os.environ), 0)',
  'os.waitpid(os.posix_spawnp("echo", ["echo", p], os.environ), 0)',
  'os.spawnlp(os.P_WAIT, "echo", "echo", p)',
  'print(os.popen("/bin/echo \'" + p + "\'").read(), end="")',
].join('\n');
const NODE = [
  `const c = require('child_process'); const p = ${P};`,
  `const o = { stdio: 'inherit' };`,
  `c.spawnSync('/bin/echo', [p], o);`,
  `c.execFileSync('echo', [p], o);`,
  `c.execSync("/bin/echo '" + p + "'", o);`,
  `c.spawn('echo', [p], o).on('exit', () => c.exec("/bin/echo '" + p + "'", (e, out) => process.stdout.write(out)));`,
].join('\n');
const PERL = [
  `my $p = '$VAULT' . '<gh>'; $| = 1;`,
  `system('/bin/echo', $p); system("/bin/echo '$p'"); print \`/bin/echo '$p'\`;`,
  `exec('/bin/echo', $p);`,
].join('\n');

const LANGUAGES: readonly [string, readonly string[], number][] = [
  ['python3', ['-c', PYTHON], 9],
  ['node', ['-e', NODE], 5],
  ['perl', ['-e', PERL], 4],
];

for (const [program, args, times] of LANGUAGES) {
  test(`${program}: every way to start a program`, { skip: missing(program) }, async () => {
    const ended = await runOnce(program, args);
    assert.equal(ended.stderr, '');
    assert.equal(ended.stdout, `${VALUE}\n`.repeat(times));
    assert.deepEqual(
      ended.codes,
      Array.from({ length: times }, () => 0),
    );
  });
}

const LAUNCHERS: readonly [string, readonly string[]][] = [
  ['env', ['A=1', '/bin/echo', '$VAULT<gh>']],
  ['env', ['-i', '/bin/echo', '$VAULT<gh>']],
  ['env', ['env', '-i', 'sh', '-c', '/bin/echo "$VAULT<gh>"']],
  ['nohup', ['echo', '$VAULT<gh>']],
  ['nice', ['echo', '$VAULT<gh>']],
  ['timeout', ['20', 'echo', '$VAULT<gh>']],
  ['stdbuf', ['-o0', 'echo', '$VAULT<gh>']],
  ['setsid', ['-w', 'echo', '$VAULT<gh>']],
  ['xargs', ['-n1', 'echo', '$VAULT<gh>']],
];

for (const [program, args] of LAUNCHERS) {
  test(`${program} ${args.join(' ')}`, { skip: missing(program) }, async () => {
    const ended = await runOnce(program, args);
    assert.equal(ended.stdout, `${VALUE}\n`);
    assert.equal(ended.code, 0);
    assert.equal(ended.codes.at(-1), 0);
    assert.equal(ended.commands.length, 1, 'a launcher gets no value itself');
  });
}

test('find -exec, where find is given the value and its child is not asked again', async () => {
  const ended = await runOnce('find', ['/etc/passwd', '-exec', 'echo', '$VAULT<gh>', ';']);
  assert.equal(ended.stdout, `${VALUE}\n`);
  assert.equal(ended.commands.length, 1);
});

test('make starts programs directly and through its shell', { skip: missing('make') }, async () => {
  const ended = await session.run(findProgram('make') ?? 'make', ['-s', '-f', '-'], {
    input: `all:\n\t/bin/echo '$$VAULT<gh>'\n\t/bin/echo '$$VAULT<gh>' | cat\n`,
  });
  assert.equal(ended.stdout, `${VALUE}\n${VALUE}\n`);
});
