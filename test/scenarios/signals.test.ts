import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { after, before, describe, test, type TestContext } from 'node:test';
import { MAIN, makeVault, randomValue, runProgram, type TestVault } from '../support/cli.ts';
import { descendantsOf, gone, stopped } from '../support/processes.ts';
import { openTestTerminal, type TestTerminal } from '../support/terminal.ts';
import { whenDone } from '../support/cleanup.ts';

/** Shows the modes of the terminal before and after, and the exit code, as a shell in it sees them. */
const OUTER = 'echo "tty=$(tty) before=$(stty -g)"; "$@"; echo "code=$?"; echo "after=$(stty -g)"';
/** A program, and one in the background that has the terminal too. */
const BUSY = 'sleep 1000 & printf ready; exec sleep 1000';
/** Two lines of a session's output, then what became of it. */
const HEAD = `"$@" -c 'yes; echo "code $?" >&2' | head -n 2; echo "\${PIPESTATUS[0]}"`;

describe('however a session ends', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
  });
  after(() => vault.remove());

  /** Opens a session on a terminal, and waits for its program to say `ready`. */
  async function open(
    t: TestContext,
    command: readonly string[],
  ): Promise<{ terminal: TestTerminal; session: number; family: number[] }> {
    const terminal = openTestTerminal({
      file: '/bin/sh',
      args: ['-c', OUTER, 'sh', process.execPath, MAIN, ...command],
      environment: vault.environment,
      cwd: vault.home,
    });
    whenDone(t, () => terminal.close());
    await terminal.waitFor('ready');
    const family = descendantsOf(terminal.pid);
    const session = family.find(({ parent }) => parent === terminal.pid)?.pid;
    assert.ok(session !== undefined);
    return { terminal, session, family: family.map(({ pid }) => pid) };
  }

  async function codeOf(terminal: TestTerminal): Promise<number> {
    const told = await terminal.waitFor(/code=\d+/);
    await terminal.done;
    return Number(/code=(\d+)/.exec(told)?.[1]);
  }

  function modesBefore(terminal: TestTerminal): string {
    const [, modes] = /before=(\S+)/.exec(terminal.output().toString()) ?? [];
    assert.ok(modes !== undefined);
    return modes;
  }

  function modesNow(terminal: TestTerminal): string {
    const [, tty = ''] = /tty=(\S+)/.exec(terminal.output().toString()) ?? [];
    return execFileSync('stty', ['-F', tty, '-g']).toString().trim();
  }

  function assertRestored(terminal: TestTerminal): void {
    const [, after] = /after=(\S+)/.exec(terminal.output().toString()) ?? [];
    assert.equal(after, modesBefore(terminal));
  }

  function runtimeDirectories(): string[] {
    return readdirSync(vault.home).filter((name) => name.startsWith('vault-shell-'));
  }

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
  ] as const) {
    test(`${signal} from elsewhere: code ${code}, the terminal as it was, no process and no file left`, async (t) => {
      const { terminal, session, family } = await open(t, [
        '--',
        'sh',
        '-c',
        `ulimit -c 0; ${BUSY}`,
      ]);
      process.kill(session, signal);
      assert.equal(await codeOf(terminal), code);
      assertRestored(terminal);
      // What ignores no hang-up ends with its terminal.
      await Promise.all(family.map(gone));
      assert.deepEqual(runtimeDirectories(), []);
    });
  }

  test('SIGKILL: no process is left, and the next session removes what lay in the way', async (t) => {
    const { terminal, session, family } = await open(t, ['--', 'sh', '-c', BUSY]);
    process.kill(session, 'SIGKILL');
    assert.equal(await codeOf(terminal), 137);
    await Promise.all(family.map(gone));
    assert.equal(runtimeDirectories().length, 1);
    await vault.ok(['-c', 'true']);
    assert.deepEqual(runtimeDirectories(), []);
  });

  for (const [what, command, typed] of [
    ['a program', `-- sh -c '${BUSY}'`, ''],
    ['a shell with jobs', '-- bash --norc -i', 'sleep 1000 &\r'],
  ] as const) {
    test(`a window that is closed: ${what} ends, no process and no file is left`, async (t) => {
      // The window is script's, which is not there any more to close anything in an orderly way.
      const terminal = openTestTerminal({
        file: '/usr/bin/script',
        args: ['-qc', `exec '${process.execPath}' '${MAIN}' ${command}`, '/dev/null'],
        environment: { ...vault.environment, PS1: 'ready$ ' },
        cwd: vault.home,
      });
      whenDone(t, () => terminal.close());
      await terminal.waitFor('ready');
      terminal.send(typed);
      if (typed !== '') await terminal.waitFor(/\[1\] \d+[^]*ready/);
      const family = descendantsOf(terminal.pid);
      assert.ok(family.some(({ command: line }) => line.includes('sleep 1000')));
      await terminal.close();
      await Promise.all(family.map(({ pid }) => gone(pid)));
      assert.deepEqual(runtimeDirectories(), []);
    });
  }

  test('a crash of its own: the terminal as it was, no process left', async (t) => {
    const { terminal, session, family } = await open(t, ['--', 'sh', '-c', BUSY]);
    // Nothing handles it: so does every other way out that no code of ours is asked about.
    process.kill(session, 'SIGSEGV');
    assert.equal(await codeOf(terminal), 139);
    await Promise.all(family.map(gone));
    assertRestored(terminal);
  });

  test('stopped from elsewhere and continued, it goes on, in its own modes', async (t) => {
    const { terminal, session } = await open(t, ['--', 'sh', '-c', 'printf ready; exec cat']);
    for (const stop of ['SIGSTOP', 'SIGTSTP'] as const) {
      process.kill(session, stop);
      await stopped(session);
      // Who cannot be told of it cannot give the terminal back.
      if (stop === 'SIGTSTP') assert.equal(modesNow(terminal), modesBefore(terminal));
      process.kill(session, 'SIGCONT');
    }
    // At once, before it has done anything about the first.
    process.kill(session, 'SIGTSTP');
    process.kill(session, 'SIGCONT');
    terminal.send('typed\r');
    await terminal.waitFor('typed\r\ntyped\r\n');
    assert.notEqual(modesNow(terminal), modesBefore(terminal));
    terminal.send('\x04');
    assert.equal(await codeOf(terminal), 0);
    assertRestored(terminal);
  });

  test('a reader that leaves ends it quietly', async () => {
    const args = ['-c', HEAD, 'bash', process.execPath, MAIN];

    const { code, stdout, stderr } = await runProgram('/bin/bash', args, vault, {});
    assert.deepEqual([code, stdout, stderr], [0, 'y\ny\n0\n', 'code 141\n']);
  });
});
