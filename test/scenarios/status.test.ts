import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readJson } from '../cli/on-terminal.ts';
import { installIn, MAIN, makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { openSession } from '../support/session.ts';
import { removeTree } from '../support/cleanup.ts';

interface Report {
  readonly session: {
    readonly id: string;
    readonly pid: number;
    readonly since: string;
    readonly vault: string;
    readonly terminal: boolean;
    readonly masked: readonly { name: string; form: string; count: number }[];
    readonly grants: number;
    readonly denials: number;
  } | null;
}

describe('vault-shell status', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    await vault.set('unused', randomValue());
    vault.environment['PATH'] = installIn(vault);
  });
  after(() => vault.remove());

  const inSession = async (command: string): Promise<NonNullable<Report['session']>> => {
    const { stdout, stderr, code } = await vault.run(['-c', command]);
    assert.deepEqual({ stderr, code }, { stderr: '', code: 0 });
    const { session } = readJson<Report>(stdout.slice(stdout.indexOf('{')));
    assert.ok(session !== null);
    return session;
  };

  test('tells the session, its vault and that it has no terminal', async () => {
    const started = Date.now();
    const session = await inSession(`echo "$VAULT_SHELL_SESSION"; vault-shell status --json`);
    assert.deepEqual(Object.keys(session), [
      'id',
      'pid',
      'since',
      'vault',
      'terminal',
      'masked',
      'grants',
      'denials',
    ]);
    assert.equal(session.vault, vault.directory);
    assert.equal(session.terminal, false);
    assert.equal(session.id.split('-')[0], String(session.pid));
    assert.ok(Date.parse(session.since) >= started - 1000);
    assert.deepEqual([session.grants, session.denials, session.masked], [0, 0, []]);
  });

  test('counts grants, denials and masks, on both outputs; what is only logged is no mask', async () => {
    const { stdout } = await vault.run([
      '-c',
      `/bin/echo "$VAULT<t>" >&2; /bin/echo "$VAULT<t>" | base64 -w0; /bin/echo "$VAULT<no>"; /bin/true ${value}; 
       until vault-shell status --json > now && grep -q base64 now; do :; done; cat now`,
    ]);
    const { session } = readJson<Report>(stdout.slice(stdout.indexOf('{')));
    assert.deepEqual([session?.grants, session?.denials], [2, 1]);
    assert.deepEqual(session?.masked, [
      { name: 't', form: 'raw', count: 1 },
      { name: 't', form: 'base64', count: 1 },
    ]);
  });

  test('is a few lines for a person, in a terminal too', async () => {
    const session = await openSession(vault);
    try {
      await session.type(`/bin/echo "$VAULT<t>"`);
      const text = await session.type('vault-shell status');
      assert.match(
        text,
        /^session: \d+-[0-9a-f]+\npid: {5}\d+\nsince: {3}\d{4}-.*Z\nvault: {3}\/.*\noutput: {2}terminal\ngrants: {2}1\ndenials: 0\nmasked: {2}1\n\nNAME {2}FORM {2}MASKED\nt {5}raw {3}1\n$/,
      );
    } finally {
      await session.close();
    }
  });

  test('knows its session by its parents when its environment does not say', async () => {
    // node's own way to start a program keeps what the hook puts back; so the environment is cleared within.
    const script = `delete process.env.VAULT_SHELL_SOCKET; delete process.env.VAULT_SHELL_SESSION; process.argv = [process.argv[0], 'x', 'status', '--json']; import(process.env.MAIN)`;
    const { code, stdout } = await vault.run(['-c', `node -e "$SCRIPT"; exit $?`], {
      env: { SCRIPT: script, MAIN },
    });
    assert.equal(code, 0);
    assert.notEqual(readJson<Report>(stdout).session, null);
  });

  test('outside of a session: says so, 1', async () => {
    assert.deepEqual(await vault.run(['status']), {
      code: 1,
      stdout: 'not in a session\n',
      stderr: '',
    });
    assert.deepEqual(await vault.run(['status', '--json']), {
      code: 1,
      stdout: '{"session":null}\n',
      stderr: '',
    });
  });

  test('a session that is gone: one line, 1', async () => {
    const env = { VAULT_SHELL_SOCKET: '/nowhere/broker', VAULT_SHELL_SESSION: '12-ab' };
    for (const args of [['status'], ['status', '--json']]) {
      assert.deepEqual(await vault.run(args, { env }), {
        code: 1,
        stdout: '',
        stderr: 'vault-shell: error: the session 12-ab is gone\n',
      });
    }
  });

  test('something else that listens there, or says nothing that makes sense: the same', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'vs-status-'));
    const socketPath = path.join(directory, 'broker');
    const server = createServer((socket) => socket.end('nonsense'));
    await new Promise<void>((resolve) => {
      server.listen(socketPath, resolve);
    });
    try {
      const env = { VAULT_SHELL_SOCKET: socketPath, VAULT_SHELL_SESSION: '12-ab' };
      const { code, stderr } = await vault.run(['status'], { env });
      assert.deepEqual([code, stderr], [1, 'vault-shell: error: the session 12-ab is gone\n']);
    } finally {
      server.close();
      removeTree(directory);
    }
  });

  test('who is not of the session is told nothing, no names either', async () => {
    const session = await openSession(vault);
    try {
      const text = await session.type('echo "$VAULT_SHELL_SOCKET $VAULT_SHELL_SESSION"');
      const [socket = '', id = ''] = text.trim().split(' ');
      const env = { VAULT_SHELL_SOCKET: socket, VAULT_SHELL_SESSION: id };
      const { code, stdout, stderr } = await vault.run(['status'], { env });
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      assert.match(stderr, /^vault-shell: error: the asking process is not of this session\n$/);
      assert.equal((await vault.run(['rc', 'names'], { env })).stdout, '');
    } finally {
      await session.close();
    }
  });
});
