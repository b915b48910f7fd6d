import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { startHookSession, type HookSession } from '../support/hook-environment.ts';
import { missing } from '../support/programs.ts';
import { whenDone } from '../support/cleanup.ts';

const VALUE = 's3cr3t-value-42';

async function setUp(t: TestContext): Promise<HookSession> {
  const session = await startHookSession({ gh: VALUE });
  whenDone(t, async () => session.close());
  return session;
}

test('the first process says hello with its own pid before it runs', async (t) => {
  const session = await setUp(t);
  const ended = await session.run('/bin/sh', ['-c', 'echo $$; sh -c true']);
  assert.equal(ended.stdout, `${ended.pid}\n`);
  assert.deepEqual(session.greeted, [ended.pid]);
});

test('a first process that is not welcome ends with 125 before its main', async (t) => {
  const session = await setUp(t);
  session.welcome = false;
  const ended = await session.run('/bin/echo', ['ran']);
  assert.equal(ended.code, 125);
  assert.equal(ended.stdout, '');
  assert.equal(ended.stderr, 'vault-shell: error: the session does not know this process\n');
});

test('a first process without a broker ends with 125', async (t) => {
  const session = await setUp(t);
  await session.broker.close();
  const ended = await session.run('/bin/echo', ['ran']);
  assert.equal(ended.code, 125);
  assert.equal(ended.stdout, '');
  assert.equal(ended.stderr, "vault-shell: error: the session's broker gave no answer\n");
});

test('when the broker is gone a placeholder is refused, and all else goes on', async (t) => {
  const session = await setUp(t);
  // A socket of a name that nothing listens at, set behind the first process.
  const script = `export VAULT_SHELL_SOCKET=${session.directory}/gone;
    exec /bin/sh -c '/bin/echo plain; /bin/echo "$1"; echo $?' sh '$VAULT<gh>'`;
  const ended = await session.run('/bin/sh', ['-c', `sh -c "$0"`, script]);
  assert.equal(ended.stdout, 'plain\n126\n');
  assert.match(
    ended.stderr,
    /^vault-shell: error: the session's broker gave no answer; \/bin\/echo was not run\n/,
  );
  assert.equal(session.store.rows.length, 0);
});

const MALFORMED = ['$VAULT<', '$VAULT<>', '$VAULT<g h>', 'ok $VAULT<gh> and $VAULT<gh'];

for (const text of MALFORMED) {
  test(`${JSON.stringify(text)} is refused, with a row`, async (t) => {
    const session = await setUp(t);
    const ended = await session.run('/bin/sh', ['-c', '/bin/echo "$0"; echo $?', text]);
    assert.equal(ended.stdout, '126\n');
    assert.match(
      ended.stderr,
      /^vault-shell: error: malformed placeholder "\$VAULT<.*was not run\n/,
    );
    assert.deepEqual(
      session.store.rows.map((row) => row.outcome),
      ['denied'],
    );
    assert.deepEqual(session.released, []);
  });
}

test('a malformed placeholder in a variable is refused too', async (t) => {
  const session = await setUp(t);
  const ended = await session.run('/bin/sh', ['-c', 'X="$VAULT<gh" /bin/echo x; echo $?']);
  assert.equal(ended.stdout, '126\n');
  assert.match(ended.stderr, /malformed placeholder in the environment; \/bin\/echo was not run/);
});

test('the complaint is one write', { skip: missing('strace') }, async (t) => {
  const session = await setUp(t);
  const log = path.join(session.directory, 'trace');
  const args = ['-f', '-s', '500', '-e', 'trace=write', '-o', log, '/bin/sh', '-c'];
  await session.run('strace', [...args, '/bin/echo "$0"', '$VAULT<nope>']);
  const writes = readFileSync(log, 'utf8').match(/write\(2, "vault-shell: error: .*/g) ?? [];
  assert.equal(writes.length, 1);
  assert.match(writes[0] ?? '', /unknown secret \\"nope\\"; \/bin\/echo was not run\\n"/);
});

test('names with control characters cannot reach the terminal', async (t) => {
  const session = await setUp(t);
  const odd = path.join(session.directory, 'a\u001b[31mb');
  writeFileSync(odd, '#!/bin/cat\n', { mode: 0o755 });
  const ended = await session.run('/bin/sh', ['-c', '"$0" "$1"', odd, '$VAULT<nope>']);
  const line = ended.stderr.split('\n')[0] ?? '';
  assert.match(line, /^vault-shell: error: unknown secret "nope"; .* was not run$/);
  assert.equal(line.includes('\u001b'), false);
});

/** VALUES of a grant "g": one, of which status and string follow. */
const ONE_VALUE = [2, 17, 1, 0, 0, 0, 103, 1, 0, 0, 0];
const ANSWERS: readonly [what: string, answer: Buffer, argument?: string][] = [
  ['nothing', Buffer.alloc(0)],
  ['half a length', Buffer.from([8, 0])],
  ['a length and no more', Buffer.from([8, 0, 0, 0])],
  ['a length of four thousand million', Buffer.alloc(64, 0xff)],
  ['a length of nothing', Buffer.from([0, 0, 0, 0])],
  ['another version', Buffer.from([2, 0, 0, 0, 1, 16])],
  ['an unknown type', Buffer.from([2, 0, 0, 0, 2, 99])],
  ['OK instead of values', Buffer.from([2, 0, 0, 0, 2, 16])],
  ['no values', Buffer.from([11, 0, 0, 0, 2, 17, 1, 0, 0, 0, 103, 0, 0, 0, 0])],
  ['a value cut short', Buffer.from([19, 0, 0, 0, ...ONE_VALUE, 0, 0, 0, 0, 9, 0, 0, 0])],
  ['a value with a NUL', Buffer.from([21, 0, 0, 0, ...ONE_VALUE, 0, 0, 0, 0, 2, 0, 0, 0, 65, 0])],
  [
    'values to a malformed request',
    Buffer.from([20, 0, 0, 0, ...ONE_VALUE, 0, 0, 0, 0, 1, 0, 0, 0, 65]),
    '$VAULT<gh>$VAULT<',
  ],
  ['an argument left as text', Buffer.from([19, 0, 0, 0, ...ONE_VALUE, 1, 0, 0, 0, 0, 0, 0, 0])],
];

for (const [what, answer, argument = '$VAULT<gh>'] of ANSWERS) {
  test(`a broker that answers ${what} is refused`, async (t) => {
    const session = await setUp(t);
    const socketPath = path.join(session.directory, 'odd');
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(answer));
    });
    await new Promise<void>((resolve) => {
      server.listen(socketPath, () => resolve());
    });
    const script = `VAULT_SHELL_SOCKET=${socketPath} sh -c '/bin/echo "$0"; echo $?' "$0"`;
    const ended = await session.run('/bin/sh', ['-c', script, argument]);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    assert.equal(ended.stdout, '126\n');
    assert.match(ended.stderr, /^vault-shell: error: the session's broker gave .* was not run\n/);
  });
}
