import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  openTestTerminal,
  testEnvironment,
  type TestTerminal,
  type TestTerminalOptions,
} from '../support/terminal.ts';
import { whenDone } from '../support/cleanup.ts';

const FIXTURE = fileURLToPath(new URL('fixtures/terminal-session.js', import.meta.url));

function openTerminal(t: TestContext, options: TestTerminalOptions): TestTerminal {
  const terminal = openTestTerminal(options);
  whenDone(t, () => terminal.close());
  return terminal;
}

/**
 * An outer terminal in which a shell runs `program` behind the proxy, and shows the modes of the terminal before
 * and after.
 */
function openOuter(
  t: TestContext,
  program: readonly string[],
  options: { environment?: Record<string, string>; columns?: number; rows?: number } = {},
): TestTerminal {
  const script = 'echo "before=$(stty -g)"; "$@"; echo "code=$?"; echo "after=$(stty -g)"';
  return openTerminal(t, {
    ...options,
    file: '/bin/sh',
    args: ['-c', script, 'sh', process.execPath, FIXTURE, ...program],
    environment: testEnvironment({ SHOW_PID: '1', ...options.environment }),
  });
}

async function pidsOf(terminal: TestTerminal): Promise<{ proxy: number; child: number }> {
  const told = await terminal.waitFor(/pids \d+ \d+;/);
  const [, proxy, child] = /pids (\d+) (\d+);/.exec(told) ?? [];
  return { proxy: Number(proxy), child: Number(child) };
}

/** Waits for the end; gives the exit code of the proxy, having checked that the terminal is as it was. */
async function endOf(terminal: TestTerminal): Promise<number> {
  const told = await terminal.waitFor(/code=\d+/);
  await terminal.done;
  const output = terminal.output().toString();
  const before = /before=(\S+)/.exec(output)?.[1];
  assert.ok(before !== undefined);
  assert.equal(/after=(\S+)/.exec(output)?.[1], before);
  return Number(/code=(\d+)/.exec(told)?.[1]);
}

async function isGone(pid: number): Promise<void> {
  await once(spawn('tail', ['-s', '0.02', '--pid', String(pid), '-f', '/dev/null']), 'exit');
}

void test('a shell behind the proxy works as it does without', async (t) => {
  const terminal = openOuter(t, ['bash', '--norc', '-i']);
  await terminal.waitFor('$ ');
  terminal.send('echo $((6 * 7))\r');
  await terminal.waitFor('\r42\r\n');
  await terminal.waitFor('$ ');
  terminal.send('exit 7\r');
  assert.equal(await endOf(terminal), 7);
  assert.match(await terminal.screen(), /;\$ echo \$\(\(6 \* 7\)\)\n42\n\$ exit 7\nexit\ncode=7\n/);
});

for (const [name, program, code] of [
  ['ends with a code', ['sh', '-c', 'exit 3'], 3],
  ['is killed', ['sh', '-c', 'kill -KILL $$'], 137],
  ['leaves its own terminal raw', ['sh', '-c', 'stty raw -echo'], 0],
] as const) {
  void test(`the terminal is as it was when the program ${name}`, async (t) => {
    assert.equal(await endOf(openOuter(t, program)), code);
  });
}

void test('the terminal is as it was when the program cannot be started', async (t) => {
  assert.notEqual(await endOf(openOuter(t, ['/bin/sh/nothing'])), 0);
});

void test('the terminal is as it was when something throws', async (t) => {
  const terminal = openOuter(t, ['sleep', '1000'], { environment: { FAIL_AT_START: '1' } });
  const { child } = await pidsOf(terminal);
  assert.equal(await endOf(terminal), 1);
  await isGone(child);
});

void test('a program can be stopped at once', async (t) => {
  const program = ['sh', '-c', "trap '' HUP TERM; exec sleep 1000"];
  assert.equal(await endOf(openOuter(t, program, { environment: { STOP_AT_START: '1' } })), 137);
});

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGQUIT', 131],
] as const) {
  void test(`after ${signal} the program has got it, the terminal is as it was, and the code is ${code}`, async (t) => {
    const terminal = openOuter(t, ['sh', '-c', 'printf ready; ulimit -c 0; exec sleep 1000']);
    const { proxy, child } = await pidsOf(terminal);
    await terminal.waitFor('ready');
    process.kill(proxy, signal);
    assert.equal(await endOf(terminal), code);
    await isGone(child);
  });
}

void test('an interactive shell, which does not listen to SIGTERM, is hung up', async (t) => {
  const terminal = openOuter(t, ['bash', '--norc', '-i']);
  const { proxy } = await pidsOf(terminal);
  await terminal.waitFor('$ ');
  process.kill(proxy, 'SIGTERM');
  assert.equal(await endOf(terminal), 129);
});

void test('a program that listens to nothing is killed', async (t) => {
  const terminal = openOuter(t, ['sh', '-c', "trap '' HUP TERM; echo ready; exec sleep 1000"]);
  const { proxy } = await pidsOf(terminal);
  await terminal.waitFor('ready');
  process.kill(proxy, 'SIGHUP');
  assert.equal(await endOf(terminal), 137);
});

void test('when the outer terminal is closed, the proxy and the program end', async (t) => {
  const terminal = openOuter(t, ['sh', '-c', 'printf ready; exec sleep 1000']);
  const { proxy, child } = await pidsOf(terminal);
  await terminal.waitFor('ready');
  await terminal.close();
  await isGone(child);
  await isGone(proxy);
});

void test('while the proxy is stopped the terminal is as it was, and raw again after', async (t) => {
  const terminal = openTerminal(t, {
    file: '/bin/bash',
    args: ['--norc', '-i'],
    environment: testEnvironment({ SHOW_PID: '1' }),
  });
  await terminal.waitFor('$ ');
  terminal.send(`stty -g; '${process.execPath}' '${FIXTURE}' sh -c 'cat; stty size; exit 4'\r`);
  const [modes] =
    /[0-9a-f]+:[0-9a-f:]+/.exec(await terminal.waitFor(/[0-9a-f]+(:[0-9a-f]+){20,}/)) ?? [];
  const { proxy } = await pidsOf(terminal);
  process.kill(proxy, 'SIGTSTP');
  await terminal.waitFor('Stopped');
  terminal.resize(91, 31);
  terminal.send('stty -g\r');
  await terminal.waitFor(modes ?? 'modes');
  terminal.send('fg\r');
  await terminal.waitFor('cat; stty size');
  terminal.send('typed\r');
  await terminal.waitFor('typed\r\ntyped\r\n');
  terminal.send('\u0004');
  await terminal.waitFor('31 91');
  await terminal.waitFor('$ ');
  terminal.send('echo "code=$?"; exit\r');
  await terminal.waitFor('code=4');
  await terminal.done;
});

void test('Ctrl-C reaches the program inside, once', async (t) => {
  const script =
    'trap \'echo interrupted\' INT; printf ready; read line; read line; echo "got $line"';
  const terminal = openOuter(t, ['bash', '-c', script]);
  await terminal.waitFor('ready');
  terminal.send('\u0003');
  await terminal.waitFor('interrupted');
  terminal.send('one\rtwo\r');
  await terminal.waitFor('got two');
  assert.equal(await endOf(terminal), 0);
  assert.equal(terminal.output().toString().split('interrupted').length, 2);
});

void test('Ctrl-Z stops a job of the shell inside, and fg goes on with it', async (t) => {
  const terminal = openOuter(t, ['bash', '--norc', '-i']);
  await terminal.waitFor('$ ');
  terminal.send("sh -c 'echo $((40 + 2)); exec cat'\r");
  await terminal.waitFor('42\r\n');
  terminal.send('one\n');
  await terminal.waitFor('one\r\none\r\n');
  terminal.send('\u001a');
  await terminal.waitFor('Stopped');
  await terminal.waitFor('$ ');
  terminal.send('fg\r');
  await terminal.waitFor("exec cat'\r\n");
  terminal.send('two\n');
  await terminal.waitFor('two\r\ntwo\r\n');
  terminal.send('\u0004');
  await terminal.waitFor('$ ');
  terminal.send('exit\r');
  assert.equal(await endOf(terminal), 0);
});

void test('the program sees the size of the outer terminal, and its changes', async (t) => {
  const terminal = openOuter(
    t,
    ['bash', '-c', "sleep 1000 & trap 'stty size; kill %1; exit' WINCH; stty size; wait"],
    {
      columns: 100,
      rows: 30,
    },
  );
  await terminal.waitFor('30 100');
  terminal.resize(120, 40);
  await terminal.waitFor('40 120');
  assert.equal(await endOf(terminal), 0);
});

void test('the inner terminal can start with the modes of the outer one', async (t) => {
  const script = 'stty erase ^H -ixon; "$@"; stty sane';
  const terminal = openTerminal(t, {
    file: '/bin/sh',
    args: ['-c', script, 'sh', process.execPath, FIXTURE, 'sh', '-c', 'read line; stty -a'],
    environment: testEnvironment({ SHOW_PID: '1', INHERIT_MODES: '1' }),
  });
  await pidsOf(terminal);
  terminal.send('\n');
  await terminal.done;
  assert.match(terminal.output().toString(), /erase = \^H;/);
  assert.match(terminal.output().toString(), / -ixon/);
});

void test('bytes the filter holds are shown when the program waits, and not lost at its end', async (t) => {
  const terminal = openOuter(t, ['sh', '-c', 'printf "name@"; read line; printf "end@"']);
  await terminal.waitFor('name@');
  terminal.send('\r');
  await terminal.waitFor('end@');
  assert.equal(await endOf(terminal), 0);
});

void test('output passes byte for byte, line ends included', async (t) => {
  const script = 'stty raw; printf "1\\n2\\r\\n3\\r"; seq 50000; printf end';
  const terminal = openOuter(t, ['sh', '-c', script]);
  await endOf(terminal);
  const output = terminal.output().toString();
  const numbers = Array.from({ length: 50_000 }, (_, index) => `${index + 1}\n`).join('');
  const inner = output.slice(output.indexOf(';') + 1, output.indexOf('code='));
  assert.equal(inner, `1\n2\r\n3\r${numbers}end`);
});

void test('a paste of 1 MB passes whole', async (t) => {
  const paste = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
  const script = 'stty raw -echo; printf ready; head -c 1000000 | sha256sum';
  const terminal = openOuter(t, ['sh', '-c', script]);
  await terminal.waitFor('ready');
  terminal.send(paste);
  await terminal.waitFor(createHash('sha256').update(paste).digest('hex'));
  assert.equal(await endOf(terminal), 0);
});

void test('a paste of 10 MB passes whole to a program that does not read for a while', async (t) => {
  const paste = Buffer.from(Array.from({ length: 10_000_000 }, (_, index) => index % 251));
  const script =
    'trap go=1 USR1; stty raw -echo; printf "ready $$;"; while [ -z "$go" ]; do sleep 0.01; done; head -c 10000000 | sha256sum';
  const terminal = openOuter(t, ['sh', '-c', script]);
  const pid = Number(/ready (\d+);/.exec(await terminal.waitFor(/ready \d+;/))?.[1]);
  terminal.send(paste);
  // Long after the first of it could have been read.
  await once(spawn('seq', ['100000'], { stdio: 'ignore' }), 'exit');
  process.kill(pid, 'SIGUSR1');
  await terminal.waitFor(createHash('sha256').update(paste).digest('hex'));
  assert.equal(await endOf(terminal), 0);
});

void test('Ctrl-C behind a paste that is not read reaches the program, and nothing of the paste comes later', async (t) => {
  const script = `trap 'echo caught' INT; printf ready; sleep 1000; read line; echo "line: $line"`;
  const terminal = openOuter(t, ['sh', '-c', script]);
  await terminal.waitFor('ready');
  terminal.send('echo pasted\r'.repeat(800_000));
  await terminal.waitFor('pasted');
  terminal.send('\u0003');
  await terminal.waitFor('caught');
  terminal.send('typed\r');
  await terminal.waitFor('line: typed');
  assert.equal(await endOf(terminal), 0);
});

void test('an outer terminal that does not read for a while loses nothing, and keys still work', async (t) => {
  const terminal = openOuter(t, [
    'sh',
    '-c',
    'printf ready; read line; seq 100000; echo "all $line"',
  ]);
  await terminal.waitFor('ready');
  const go = terminal.stall();
  terminal.send('keys\r');
  await terminal.waitFor('keys');
  const turns = spawn('seq', ['10000'], { stdio: 'ignore' });
  await once(turns, 'exit');
  go();
  await terminal.waitFor('\r\n1\r\n2\r\n');
  await terminal.waitFor('\n99999\r\n100000\r\nall keys');
  assert.equal(await endOf(terminal), 0);
});

void test('the proxy still hears signals while the outer terminal does not read', async (t) => {
  const terminal = openOuter(t, ['yes']);
  const { proxy, child } = await pidsOf(terminal);
  await terminal.waitFor('y\r\n');
  const go = terminal.stall();
  await terminal.waitFor('y\r\n');
  process.kill(proxy, 'SIGTERM');
  await isGone(child);
  go();
  assert.equal(await endOf(terminal), 143);
});

void test('SIGUSR1 opens no debugger', async (t) => {
  const terminal = openOuter(t, ['sh', '-c', 'printf ready; read line']);
  const { proxy } = await pidsOf(terminal);
  await terminal.waitFor('ready');
  process.kill(proxy, 'SIGUSR1');
  // Handled before the next signal is: they come in order.
  process.kill(proxy, 'SIGWINCH');
  terminal.send('\r');
  assert.equal(await endOf(terminal), 0);
  assert.doesNotMatch(terminal.output().toString(), /debugger/i);
});

void test('a full-screen program draws the same screen as without the proxy', async (t) => {
  const draw =
    'tput clear; tput cup 3 5; printf X; tput cup 0 79; printf Y; tput cup 10 0; printf "a\\nb"; read l';
  const direct = openTerminal(t, { file: '/bin/sh', args: ['-c', `stty -echo; ${draw}`] });
  const behind = openTerminal(t, {
    file: process.execPath,
    args: [path.resolve(FIXTURE), 'sh', '-c', `stty -echo; ${draw}`],
  });
  await direct.waitFor('a\r\nb');
  await behind.waitFor('a\r\nb');
  assert.equal(await behind.screen(), await direct.screen());
  direct.send('\r');
  behind.send('\r');
  await Promise.all([direct.done, behind.done]);
});
