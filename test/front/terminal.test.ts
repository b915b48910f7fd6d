import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MAIN, makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { descendantsOf, stopped, type Process } from '../support/processes.ts';
import { missing } from '../support/programs.ts';
import { openSession, PROMPT, type TestSession } from '../support/session.ts';
import { openTestTerminal } from '../support/terminal.ts';
import { front } from './inside.ts';
import { whenDone } from '../support/cleanup.ts';

const SHELL = front('vault-sh');

describe('a nested session on a terminal', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
  });
  after(() => vault.remove());

  async function open(t: TestContext, env: Record<string, string> = {}): Promise<TestSession> {
    const session = await openSession(vault, { env });
    whenDone(t, () => session.close());
    return session;
  }

  test('is a terminal of its own, in the same session, with the size and modes of the outer one', async (t) => {
    const session = await open(t);
    await session.type('stty erase ^G -ixon');
    const outer = await session.type('tty; echo $VAULT_SHELL_SESSION; stty -a');
    const inner = await session.type(`${SHELL} -c 'tty; echo $VAULT_SHELL_SESSION; stty -a'`);
    const [outerTty, ...outerRest] = outer.split('\n');
    const [innerTty, ...innerRest] = inner.split('\n');
    assert.notEqual(innerTty, outerTty);
    assert.deepEqual(innerRest, outerRest);
    assert.equal(await session.type('stty -a'), outerRest.slice(1).join('\n'));
  });

  test('resolves placeholders with a row, masks values, and ends with the exit code [G1]', async (t) => {
    const session = await open(t);
    await session.type(SHELL);
    assert.equal(await session.type('/bin/echo "it is $VAULT<t>"'), 'it is ***\n');
    assert.equal(await session.type(`/bin/echo ${value.slice(0, 8)}'${value.slice(8)}'`), '***\n');
    assert.equal(await session.type('exit 7'), '');
    assert.equal(await session.type('echo $?'), '7\n');
    const [row] = await vault.audit();
    assert.deepEqual([row?.secrets, row?.exit_code, row?.outcome], [['t'], 0, 'ran']);
  });

  test('follows the size of the window', async (t) => {
    const session = await open(t);
    session.send(
      `${SHELL} -c 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.01; done'\r`,
    );
    await session.waitFor('ready\r\n');
    session.resize(71, 23);
    await session.waitFor('23 71\r\n');
  });

  test(
    'Ctrl-C, Ctrl-Z and fg are those of the inner shell',
    { skip: missing('bash') },
    async (t) => {
      // Without the sequences that bash writes around a line.
      const session = await open(t, { TERM: 'dumb' });
      session.send(`${front('vault-bash')} --norc\r`);
      await session.waitFor(PROMPT);
      session.send('sleep 1000\r');
      await session.waitFor('\n');
      session.send('\u0003');
      await session.waitFor(PROMPT);
      assert.equal(await session.type('echo $?'), '130\n');
      session.send('cat\r');
      await session.waitFor('\n');
      session.send('\u001a');
      await session.waitFor('Stopped');
      await session.waitFor(PROMPT);
      session.send('fg\r');
      await session.waitFor('cat\r\n');
      session.send('back\r');
      await session.waitFor('back\r\nback\r\n');
      session.send('\u0004');
      await session.waitFor(PROMPT);
      await session.type('exit');
    },
  );

  test('can be stopped and goes on, with the terminal right in between', async (t) => {
    const session = await openSession(vault, {
      args: ['--shell', '/bin/bash', '--', 'bash', '--norc'],
    });
    whenDone(t, () => session.close());
    const before = await session.type('stty -g');
    const pid = `$(ps -o ppid= -p $$)`;
    session.send(`${SHELL} -c 'kill -TSTP ${pid}; read line; echo "got $line"'\r`);
    await session.waitFor('Stopped');
    await session.waitFor(PROMPT);
    assert.equal(await session.type('stty -g'), before);
    session.send('fg\r');
    await session.waitFor('\n');
    session.send('line\r');
    await session.waitFor('got line\r\n');
    await session.waitFor(PROMPT);
    assert.equal(await session.type('stty -g'), before);
  });

  test('stopped and continued at once it goes on', async (t) => {
    const script =
      'pid=$(ps -o ppid= -p $$); kill -TSTP $pid; kill -CONT $pid; echo ready; read line; echo "got $line"';
    const terminal = openTestTerminal({
      file: process.execPath,
      // No shell between them that would take the terminal of what stops.
      args: [MAIN, '--', SHELL, '-c', script],
      environment: { ...vault.environment, TERM: 'dumb' },
      cwd: vault.home,
    });
    whenDone(t, () => terminal.close());
    await terminal.waitFor('ready\r\n');
    terminal.send('line\r');
    await terminal.waitFor('got line\r\n');
    assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
  });

  test('a paste of two megabytes arrives whole at a slow reader', async (t) => {
    const session = await open(t);
    const bytes = Buffer.from(Array.from({ length: 2_000_000 }, (_, n) => 33 + ((n * 7) % 90)));
    const reader = `stty raw -echo; echo rea""dy; dd bs=997 iflag=fullblock count=2006 status=none | sha256sum; stty sane`;
    session.send(`${SHELL} -c '${reader}'\r`);
    await session.waitFor('ready');
    session.send(bytes);
    const sum = createHash('sha256')
      .update(bytes.subarray(0, 997 * 2006))
      .digest('hex');
    await session.waitFor(sum);
  });

  test('Ctrl-C is heard behind a paste that nobody reads', async (t) => {
    const session = await open(t);
    session.send(
      `${SHELL} -c 'trap "echo heard; exit" INT; echo ready; while :; do sleep 0.05; done'\r`,
    );
    await session.waitFor('ready\r\n');
    session.send('a line of a paste\r'.repeat(20_000));
    session.send('\u0003');
    await session.waitFor('heard');
  });

  for (const [signal, code] of [
    ['TERM', 143],
    ['HUP', 129],
    ['QUIT', 131],
    ['INT', 130],
  ] as const) {
    test(`SIG${signal} ends its program and leaves the terminal as it was`, async (t) => {
      const session = await open(t);
      const before = await session.type('stty -g; ulimit -c 0');
      await session.type(`${SHELL} -c 'kill -${signal} $PPID; exec sleep 1000'`);
      assert.equal(await session.type('echo $?'), `${code}\n`);
      assert.equal(await session.type('stty -g'), before);
    });
  }

  test('ends with its program, though others hold its terminal', async (t) => {
    const session = await open(t);
    const output = await session.type(`${SHELL} -c 'trap "" HUP; sleep 1000 & echo $!'`);
    process.kill(Number(output), 'SIGKILL');
  });

  test('much output arrives whole [G2]', async (t) => {
    const session = await open(t);
    const output = await session.type(`${SHELL} -c 'seq 100000'`);
    assert.equal(output, Array.from({ length: 100_000 }, (_, n) => `${n + 1}\n`).join(''));
  });

  test('when only its output is no terminal, it runs in pipes', async (t) => {
    const session = await open(t);
    assert.equal(
      await session.type(`${SHELL} -c 'test -t 1 || echo pipe; test -t 0 && echo tty' | cat`),
      'pipe\ntty\n',
    );
  });

  test(
    'gives its terminal back while it is stopped, and when the session is gone; no program has the other end of its own',
    { skip: missing('script'), timeout: 30_000 },
    async () => {
      const log = path.join(vault.home, 'log');
      const fifo = path.join(vault.home, 'fifo');
      execFileSync('mkfifo', [fifo]);
      const inner = `${SHELL} -c 'readlink /proc/self/fd/*; echo ready; exec cat'`;
      const COMMAND = `echo "tty=$(tty) before=$(stty -g)"; ${inner}; echo "code=$? after=$(stty -g) over"`;
      const script = `SHELL=/bin/sh script -qfec "$COMMAND" log <>fifo >/dev/null 2>&1 & cat`;
      const session = spawn(process.execPath, [MAIN, '-c', script], {
        env: { ...vault.environment, COMMAND },
        cwd: vault.home,
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      const ended = once(session, 'close');
      let family: readonly Process[] = [];
      const logged = async (wanted: RegExp): Promise<RegExpExecArray> => {
        for (;;) {
          const found = existsSync(log) ? wanted.exec(readFileSync(log, 'utf8')) : null;
          if (found !== null) return found;
          await delay(5);
        }
      };
      try {
        const [text, tty = '', before] = await logged(/tty=(\/\S+) before=(\w\S+)[^]*^ready/m);
        assert.doesNotMatch(text, /ptmx/);
        const modes = (): string => execFileSync('stty', ['-F', tty, '-g']).toString().trim();
        family = descendantsOf(session.pid ?? 0);
        const pid = family.find(({ command }) => command.startsWith(SHELL))?.pid ?? 0;
        assert.ok(pid > 0);
        assert.notEqual(modes(), before);
        process.kill(pid, 'SIGTSTP');
        await stopped(pid);
        assert.equal(modes(), before);
        process.kill(pid, 'SIGCONT');
        while (modes() === before) await delay(5);
        session.kill('SIGKILL');
        const [, code, after] = await logged(/code=(\d+) after=(\S+) over/);
        assert.deepEqual([code, after], ['125', before]);
      } finally {
        session.kill('SIGKILL');
        await ended;
        // Where it fails, what is stopped would stay.
        for (const { pid } of family)
          spawnSync('kill', ['-KILL', String(pid)], { stdio: 'ignore' });
      }
    },
  );
});
