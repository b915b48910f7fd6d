import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAIN, makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { openSession, type TestSession } from '../support/session.ts';
import { openTestTerminal } from '../support/terminal.ts';

describe('an interactive session', () => {
  let vault: TestVault;
  let session: TestSession;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    session = await openSession(vault);
  });
  after(async () => {
    await session.close();
    vault.remove();
  });

  test('programs see a terminal of the right size', async () => {
    assert.equal(
      await session.type('test -t 0 && test -t 1 && test -t 2 && stty size'),
      '30 100\n',
    );
    session.resize(70, 20);
    // The signal that tells of it and what is typed next are not in an order.
    while ((await session.type('stty size')) !== '20 70\n');
  });

  test('a placeholder is resolved, and what comes out is masked [G1]', async () => {
    assert.equal(await session.type('/bin/echo "x $VAULT<t> y"'), 'x *** y\n');
    assert.equal(await session.type('printf "%s\\n" "$VAULT<t>" # a builtin'), '$VAULT<t>\n');
    // Every character with a colour of its own, on lines of its own, and in the window's title.
    const painted = `python3 -c 'import sys; print("\\33[1m".join(sys.argv[1]), "\\n".join(sys.argv[1]), "\\33]0;"+sys.argv[1]+"\\7")' "$VAULT<t>"`;
    const output = await session.type(painted);
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    const seen = output.replaceAll(/\x1b\[[0-9;]*m|\n/g, '');
    assert.ok(!seen.includes(value), seen);
    assert.equal(seen, '*** *** \x1b]0;***\x07');
  });

  test('a prompt that ends in the first letters of a value appears, and the value stays masked', async () => {
    session.send(
      `printf 'Password: ${value.slice(0, 3)}'; read x; printf '${value.slice(3)}\\n'\r`,
    );
    await session.waitFor('\n');
    await session.waitFor(`Password: ${value.slice(0, 3)}`);
    session.send('\r');
    await session.waitFor('ready> ');
    const seen = session
      .output()
      .toString()
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      .replaceAll(/\x1b\[[0-9;]*m|[\r\n]/g, '');
    assert.ok(!seen.includes(value));
  });

  test('Ctrl-C ends the program in the foreground, not the shell; the exit code is 130', async () => {
    session.send('cat\r');
    await session.waitFor('\n');
    session.send('typed\r');
    await session.waitFor('typed\r\ntyped');
    session.send('\x03');
    await session.waitFor('ready> ');
    assert.equal(await session.type('echo "code $?"'), 'code 130\n');
  });

  test('a secret that another process sets or rotates is masked within a second, the old value too', async () => {
    const second = randomValue();
    const third = randomValue();
    const file = path.join(vault.home, 'values');
    const show = (): Promise<string> => session.type(`cat ${file}`);
    await vault.set('fresh', second);
    writeFileSync(file, `${second}\n`);
    while ((await show()) !== '***\n');
    await vault.set('fresh', third);
    writeFileSync(file, `${second} ${third}\n`);
    while ((await show()) !== '*** ***\n');
    assert.equal(
      await session.type('/bin/echo "$VAULT<fresh>" | wc -c'),
      `${String(third.length + 1)}\n`,
    );
  });

  test('what is typed reaches the program as it is, a value too', async () => {
    assert.equal(await session.type(`printf '%s' '${value}' | wc -c`), `${String(value.length)}\n`);
  });

  test('the session ends with the exit code of its shell, and the runtime directory is gone', async () => {
    session.send('exit 41\r');
    assert.deepEqual(await session.done, { code: 41, signal: 0 });
    const left = readdirSync(vault.home).filter((name) => name.startsWith('vault-shell-'));
    assert.deepEqual(left, []);
  });
});

describe('exec in the first shell', () => {
  test('its exit code is in the row [G9]', async () => {
    const vault = await makeVault();
    try {
      await vault.set('t', randomValue());
      const { code } = await vault.run([
        '-c',
        `T="$VAULT<t>" exec python3 -c 'import sys; sys.exit(9)'`,
      ]);
      assert.equal(code, 9);
      const [row] = await vault.audit();
      assert.deepEqual([row?.outcome, row?.exit_code], ['ran', 9]);
    } finally {
      vault.remove();
    }
  });

  test('a program ended by a signal is 128+N, in the row too', async () => {
    const vault = await makeVault();
    try {
      await vault.set('t', randomValue());
      const kill = `python3 -c 'import os; os.kill(os.getpid(), 15)'`;
      const { code } = await vault.run(['-c', `T="$VAULT<t>" ${kill}; exit $?`]);
      assert.equal(code, 143);
      const [row] = await vault.audit();
      assert.equal(row?.exit_code, 143);
    } finally {
      vault.remove();
    }
  });
});

test('what is typed before the program is there waits for it, and its echo ends nothing', async () => {
  const vault = await makeVault();
  const terminal = openTestTerminal({
    file: process.execPath,
    // A large program: it takes its time until its hook can say hello.
    args: [
      MAIN,
      'run',
      process.execPath,
      '-e',
      'process.stdin.once("data", (line) => { process.stdout.write(`got ${line}`); process.exit(); })',
    ],
    environment: vault.environment,
    cwd: vault.home,
    columns: 80,
    rows: 24,
  });
  try {
    terminal.send('early\r');
    await terminal.waitFor('got early\r\n');
    const exit = await terminal.done;
    assert.deepEqual(exit, { code: 0, signal: 0 }, terminal.output().toString());
  } finally {
    await terminal.close();
    vault.remove();
  }
});
