import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { encodeRequest } from '../../src/broker/protocol.ts';
import { decodeAnswerType } from '../support/answers.ts';
import { front } from '../front/inside.ts';
import { waitForApprovals } from '../support/approvals.ts';
import { MAIN, makeVault, randomValue, runProgram, type TestVault } from '../support/cli.ts';
import { isOpenToOthers, ordinarily } from '../support/processes.ts';
import { findProgram } from '../support/programs.ts';
import { echoRequest } from '../support/requests.ts';
import { openTestTerminal } from '../support/terminal.ts';

/*
 * What other processes of the same user can do to a session: nothing [G10].
 */
const NODE_MAIN: readonly string[] = [process.execPath, MAIN];
const ASKER = fileURLToPath(new URL('../support/asker.js', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly line: string;
  /** What comes next. */
  nextOutput(): Promise<string>;
  /** Ends its input; gives its exit code. It has complained of nothing. */
  end(): Promise<number | null>;
}

/**
 * Starts a session and waits for the words that its command prints, a row of `echo`; then it reads its input. What
 * follows them makes that none is held back as the beginning of a value.
 */
async function startRunning(
  vault: TestVault,
  words: string,
  { before = '', rest = 'cat', command = NODE_MAIN } = {},
): Promise<Running> {
  const script = `${before} echo ${words} ~~~~~~~~~~; ${rest}`;
  // Where core files are wanted.
  const wanted = ['sh', '-c', 'ulimit -c "$(ulimit -Hc)"; exec "$@"', 'sh'];
  const [file, ...args] = ordinarily(...wanted, ...command, '-c', script);
  const child = spawn(file, args, {
    env: vault.environment,
    cwd: vault.home,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const line = await new Promise<string>((resolve) => {
    let seen = '';
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(' ~')) resolve(seen.split(' ~')[0] ?? '');
    });
  });
  return {
    child,
    line,
    nextOutput: async () => once(child.stdout, 'data').then(String),
    end: async () => {
      child.stdin.end();
      const code = await closed;
      assert.equal(complaint, '');
      return code;
    },
  };
}

test('a process outside with the right session id gets nothing, and a row says that it asked [G10]', async () => {
  const vault = await makeVault();
  const value = randomValue();
  await vault.set('gh', value);
  const session = await startRunning(vault, '$VAULT_SHELL_SOCKET $VAULT_SHELL_SESSION');
  try {
    const args = session.line.split(' ');
    const { stdout } = await runProgram(process.execPath, [ASKER, ...args, 'truth'], vault, {});
    assert.equal(
      stdout,
      'denied: the asking process is not of this session; /bin/echo was not run\n',
    );
    const [row] = await vault.audit();
    assert.deepEqual([row?.outcome, row?.secrets], ['denied', ['gh']]);
  } finally {
    await session.end();
    vault.remove();
  }
});

test('with the pid of a process of the session it gets nothing either [G10]', async () => {
  const vault = await makeVault();
  await vault.set('gh', randomValue());
  const session = await startRunning(vault, '$VAULT_SHELL_SOCKET $VAULT_SHELL_SESSION $$ $PPID');
  try {
    const [socketPath = '', id = '', pid, ppid] = session.line.split(' ');
    const answers = await Promise.all(
      (['resolve', 'hello', 'reaped'] as const).map(async (type) => {
        const who = { pid: Number(pid), ppid: Number(ppid), session: id };
        const socket = connect(socketPath);
        socket.write(
          encodeRequest(
            type === 'resolve'
              ? { ...echoRequest(who.pid, id), ppid: who.ppid }
              : { ...who, type, status: 0 },
          ),
        );
        const chunks: Buffer[] = [];
        socket.on('data', (chunk: Buffer) => chunks.push(chunk));
        await new Promise((resolve) => socket.once('close', resolve));
        return decodeAnswerType(Buffer.concat(chunks));
      }),
    );
    for (const answer of answers) assert.match(answer, /^denied: the asking process is not of/);
  } finally {
    await session.end();
    vault.remove();
  }
});

function statusOf(pid: number | string): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8');
}

function childrenOf(parent: number): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && new RegExp(`^PPid:\\s+${parent}$`, 'm').test(statusOf(name));
    } catch {
      return false; // it has ended
    }
  });
}

for (const [what, command] of [
  ['main.js', NODE_MAIN],
  ['started by the front end', [front('vault-shell')]],
] as const) {
  test(`neither the session nor the process that owns the vault can be traced, debugged or dumps core: ${what} [G10]`, async () => {
    const vault = await makeVault();
    await vault.set('gh', randomValue());
    const rest = 'while read x; do /bin/echo "$VAULT<gh>"; done';
    const session = await startRunning(vault, '$$', { rest, command });
    try {
      const pid = session.child.pid ?? 0;
      const owners = childrenOf(pid).filter((child) => child !== session.line);
      assert.equal(owners.length, 1, 'the process that owns the vault');
      assert.ok(isOpenToOthers(session.line), 'an ordinary process is');
      for (const protectedPid of [String(pid), ...owners]) {
        assert.ok(!isOpenToOthers(protectedPid));
        const limits = readFileSync(`/proc/${protectedPid}/limits`, 'utf8');
        assert.match(limits, /^Max core file size +0 /m);
      }
      for (const protectedPid of [pid, ...owners.map(Number)])
        process.kill(protectedPid, 'SIGUSR1');
      // By the time that both have done something the debugger would be there.
      const shown = session.nextOutput();
      session.child.stdin?.write('\n');
      assert.match(await shown, /^\*\*\*/);
      assert.ok(!(await isReachable(9229)), 'no debugger listens');
    } finally {
      assert.equal(await session.end(), 0);
      vault.remove();
    }
  });
}

for (const [what, args, question] of [
  ['set', ['set', 'gh'], 'value of gh: '],
  ['init', ['init', '--vault', 'another'], 'new passphrase: '],
  ['import', ['import', 'fifo'], undefined],
] as const) {
  test(`${what} cannot be traced while it waits for what is secret [G10]`, async () => {
    const vault = await makeVault();
    const fifo = path.join(vault.home, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const [file, ...rest] = ordinarily(process.execPath, MAIN, ...args);
    const terminal = openTestTerminal({
      file: findProgram(file) ?? file,
      args: rest,
      environment: vault.environment,
      cwd: vault.home,
    });
    try {
      // To open it takes until it is read.
      const fd = question === undefined ? openSync(fifo, 'w') : undefined;
      if (question !== undefined) await terminal.waitFor(question);
      assert.ok(!isOpenToOthers(terminal.pid));
      if (fd !== undefined) closeSync(fd);
    } finally {
      await terminal.close();
      vault.remove();
    }
  });
}

test('a debugger that was open before is closed before the vault is opened [G10]', async () => {
  const vault = await makeVault();
  const child = spawn(process.execPath, [MAIN, '-c', 'echo open; cat'], {
    env: { ...vault.environment, NODE_OPTIONS: '--inspect=127.0.0.1:0' },
    cwd: vault.home,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const ports = [...complaint.matchAll(/listening on ws:\/\/127\.0\.0\.1:(\d+)/g)];
    assert.equal(ports.length, 1, 'it was open');
    assert.ok(!(await isReachable(Number(ports[0]?.[1]))));
  } finally {
    child.stdin.end();
    await closed;
    vault.remove();
  }
});

test('vault-shell value closes a debugger before it asks for the value [G10]', async () => {
  const vault = await makeVault();
  await vault.ok(['set', 'pr', '--environment', 'prod'], { input: randomValue() });
  const script = `NODE_OPTIONS=--inspect=127.0.0.1:0 '${process.execPath}' '${MAIN}' value pr 2>seen | cat`;
  const ended = vault.run(['-c', script], { env: { VAULT_SHELL_APPROVE_TIMEOUT: '2' } });
  try {
    await waitForApprovals(vault, 1);
    const complaint = readFileSync(path.join(vault.home, 'seen'), 'utf8');
    const ports = [...complaint.matchAll(/listening on ws:\/\/127\.0\.0\.1:(\d+)/g)];
    assert.equal(ports.length, 1, 'it was open');
    assert.ok(!(await isReachable(Number(ports[0]?.[1]))));
  } finally {
    await ended;
    vault.remove();
  }
});

function isReachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

test('what the session adopts is reaped and gets its exit code; it outlives the session', async () => {
  const vault = await makeVault();
  await vault.set('gh', randomValue());
  const fifo = path.join(vault.home, 'fifo');
  execFileSync('mkfifo', [fifo]);
  writeFileSync(path.join(vault.home, 'later'), `read line <${fifo}; exec touch "$line"\n`);
  const orphan = `python3 -c 'import sys; sys.exit(7)' "$VAULT<gh>"`;
  const quiet = '>/dev/null 2>&1 </dev/null';
  const before = `(${orphan} ${quiet} &); (sh later ${quiet} &);`;
  const session = await startRunning(vault, 'started', { before });
  try {
    for (;;) {
      const [row] = await vault.audit();
      if (row?.exit_code === 7) break;
    }
    const zombies = childrenOf(session.child.pid ?? 0).filter((pid) =>
      /^State:\s+Z/m.test(statusOf(pid)),
    );
    assert.deepEqual(zombies, []);
  } finally {
    assert.equal(await session.end(), 0);
  }
  // It execs when its session is gone: an ordinary program runs.
  writeFileSync(fifo, 'done\n');
  while (!readdirSync(vault.home).includes('done')) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  vault.remove();
});
