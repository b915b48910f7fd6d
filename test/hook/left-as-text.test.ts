import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { decodeRequest, encodeAnswer, LENGTH_BYTES } from '../../src/broker/protocol.ts';
import { startHookSession } from '../support/hook-environment.ts';

/** Runs a script whose programs' requests are answered with "VALUE" for each name but those that begin with `t`. */
async function runWithText(script: string): Promise<{ stdout: string; stderr: string }> {
  const session = await startHookSession({});
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (frame) => {
      const request = decodeRequest(frame.subarray(LENGTH_BYTES));
      const names = request?.type === 'resolve' ? request.names : undefined;
      const values = (names ?? []).map((name) =>
        name.startsWith('t') ? undefined : new Secret('VALUE'),
      );
      socket.end(
        encodeAnswer(names === undefined ? { type: 'ok' } : { type: 'values', grant: 'g', values }),
      );
    });
  });
  const socketPath = path.join(session.directory, 'text');
  await new Promise<void>((resolve) => {
    server.listen(socketPath, () => resolve());
  });
  try {
    return await session.run('/bin/sh', [
      '-c',
      'VAULT_SHELL_SOCKET="$1" sh -c "$2"',
      'sh',
      socketPath,
      script,
    ]);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await session.close();
  }
}

test('in the environment a placeholder may be left as text, next to values', async () => {
  const ended = await runWithText(
    `A='$VAULT<a>' T='x$VAULT<t>$VAULT<a>' F='$VAULT_FILE<t>' printenv A T F`,
  );
  assert.equal(ended.stderr, '');
  assert.equal(ended.stdout, 'VALUE\nx$VAULT<t>VALUE\n$VAULT_FILE<t>\n');
});

for (const [what, argument] of [
  ['an argument', '$VAULT<t>'],
  ['a path in an argument', '$VAULT_FILE<t>'],
]) {
  test(`${what} is never left as text: nothing runs`, async () => {
    const ended = await runWithText(`T='$VAULT<t>' /bin/echo '${argument}'; echo $?`);
    assert.equal(ended.stdout, '126\n');
    assert.match(ended.stderr, /^vault-shell: error: the session's broker gave no answer/);
  });
}
