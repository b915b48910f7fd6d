import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VaultShellError } from '../../src/base/errors.ts';
import { keyFromCommand } from '../../src/keys/command.ts';

const KEY = Buffer.alloc(32, 0x5a);
const environment = { PATH: '/usr/bin:/bin' };

function node(script: string): string[] {
  return [process.execPath, '-e', script];
}

for (const [what, script] of [
  ['hex digits and a line end', "console.log('5a'.repeat(32))"],
  ['hex digits', "process.stdout.write('5A'.repeat(32))"],
  ['raw bytes', 'process.stdout.write(Buffer.alloc(32, 0x5a))'],
] as const) {
  test(`a command that prints ${what} gives the key`, async () => {
    assert.deepEqual(await keyFromCommand(node(script), { environment }), KEY);
  });
}

for (const [what, argv, message] of [
  ['prints nothing', ['true'], /no key/],
  ['prints too little', node("console.log('5a'.repeat(31))"), /no key/],
  ['prints two keys', node("console.log('5a'.repeat(32)); console.log('5a'.repeat(32))"), /no key/],
  ['prints without end', ['yes'], /no key/],
  ['fails', node("console.log('5a'.repeat(32)); process.exitCode = 3"), /exit code 3/],
  ['is killed', node('process.kill(process.pid, 9)'), /SIGKILL/],
  ['is not there', ['/nonexistent/kms'], /ENOENT/],
] as const) {
  test(`a command that ${what} leaves the vault locked`, async () => {
    await assert.rejects(keyFromCommand(argv, { environment }), (error: unknown) => {
      assert.ok(error instanceof VaultShellError);
      assert.match(error.message, message);
      assert.ok(!error.message.includes('5a5a'));
      assert.equal(error.code, 'VAULT_LOCKED');
      return true;
    });
  });
}

test('a command that hangs, or whose child keeps its output open, is given up', async () => {
  // The child of the second one ends by itself, when the pipe that it writes to is closed.
  for (const argv of [
    ['sleep', '600'],
    ['sh', '-c', '(while sleep 0.1; do echo || exit; done) & wait'],
  ]) {
    await assert.rejects(keyFromCommand(argv, { environment, timeoutMs: 300 }), {
      code: 'VAULT_LOCKED',
      message: /did not end within 0.3 s/,
    });
  }
});

test('no shell reads the command, and it gets the environment given and no other', async () => {
  const script =
    "console.log((process.argv[1] === '$HOME;x' && process.env.ONLY === '1' && process.env.HOME === undefined ? '5a' : '00').repeat(32))";
  const key = await keyFromCommand([...node(script), '$HOME;x'], { environment: { ONLY: '1' } });
  assert.deepEqual(key, KEY);
});
