import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { waitForApprovals } from '../support/approvals.ts';
import { MAIN, makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { openSession, type TestSession } from '../support/session.ts';
import { linesOf, openOnTerminal, withTerminal } from '../cli/on-terminal.ts';

/** A terminal that cannot show one: then others are asked. */
const WITHOUT_DIALOG = { env: { TERM: 'dumb' } };

describe('a secret that needs a human', () => {
  let vault: TestVault;
  const value = randomValue();
  const soon = { VAULT_SHELL_APPROVE_TIMEOUT: '1' };
  before(async () => {
    vault = await makeVault();
    await vault.ok(['set', 'pr', '--environment', 'prod', '--provider', 'acme'], { input: value });
    await vault.ok(['set', 'rw', '--access', 'read-write'], { input: randomValue() });
  });
  after(() => vault.remove());

  interface Row {
    readonly outcome: string;
    readonly reason: string | null;
    readonly approval: string | null;
    readonly exit_code: number | null;
  }

  async function lastRow(): Promise<Row | undefined> {
    const rows: readonly Row[] = JSON.parse(await vault.ok(['audit', '--json', '--limit', '1']));
    return rows[0];
  }

  /** Starts a command in a session on a terminal, and gives what comes of it once it is answered. */
  async function answered(session: TestSession, line: string, answer: string[]): Promise<string> {
    const output = session.type(line);
    const [pending] = await waitForApprovals(vault, 1);
    const args = ['approve', pending?.id ?? '', ...answer];
    await withTerminal(openOnTerminal(vault, { args }), async (terminal) => {
      assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
    });
    return output;
  }

  test('the terminal of the session asks, keeps the answer from the program, and shows what it showed', async () => {
    const session = await openSession(vault);
    await withTerminal(session, async () => {
      session.send('/bin/echo "is $VAULT<pr>"; read line; echo "read $line"\r');
      const dialog = await session.waitFor('o allow once');
      assert.match(dialog, /secret +pr \(provider acme, environment prod\)/);
      assert.match(dialog, /command +\/bin\/echo 'is \$VAULT<pr>'/);
      assert.equal(dialog.includes(value), false);
      session.send('o');
      await session.waitFor('is ***');
      session.send('typed\r');
      await session.waitFor('read typed');
      assert.equal((await lastRow())?.approval, 'once by dialog');
      await session.waitFor('ready> ');
      session.send('/bin/echo "is $VAULT<pr>"; echo "code $?"\r');
      await session.waitFor('o allow once');
      session.send('d');
      await session.waitFor('code 126');
      assert.equal((await lastRow())?.outcome, 'denied');
    });
  });

  test('another terminal shows what asks for what, and its yes lets the program run', async () => {
    const session = await openSession(vault, WITHOUT_DIALOG);
    await withTerminal(session, async () => {
      const output = session.type('/bin/echo "is $VAULT<pr>"');
      const [pending] = await waitForApprovals(vault, 1);
      await withTerminal(openOnTerminal(vault, { args: ['approve'] }), async (terminal) => {
        await terminal.waitFor('for the [s]ession? ');
        const lines = await linesOf(terminal);
        assert.match(
          lines[0] ?? '',
          new RegExp(`^request: +${pending?.id}, \\d+ s ago, of session`),
        );
        assert.equal(lines[1], "command:   /bin/echo 'is $VAULT<pr>'");
        assert.equal(lines[2], `directory: ${vault.home}`);
        assert.match(lines[3] ?? '', /^program: +\S*\/echo$/);
        assert.match(lines[4] ?? '', /^asked by: +\S+sh \(\d+\)/);
        assert.ok(
          lines.includes('secret:    pr (provider acme, environment prod)'),
          lines.join('\n'),
        );
        terminal.send('o\r');
        assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
        assert.equal(terminal.output().includes(value), false);
      });
      assert.equal(await output, 'is ***\n');
      assert.equal((await lastRow())?.approval, 'once by approve');
      assert.deepEqual(await waitForApprovals(vault, 0), []);
    });
  });

  test('a yes for the session holds in it, for that program; a no is a denial', async () => {
    const session = await openSession(vault, WITHOUT_DIALOG);
    await withTerminal(session, async () => {
      const first = await answered(session, '/bin/echo "1 $VAULT<rw>"', ['--session']);
      assert.equal(first, '1 ***\n');
      assert.equal(await session.type('/bin/echo "2 $VAULT<rw>"'), '2 ***\n');
      assert.equal((await lastRow())?.approval, 'session by approve');
      const other = await answered(session, 'printenv "$VAULT<rw>"; echo "code $?"', ['--deny']);
      assert.match(other, /error: rw was denied by approve; \S+printenv was not run/);
      assert.match(other, /code 126/);
    });
    assert.equal((await lastRow())?.reason, 'rw was denied by approve');
  });

  test('nobody answers in time: 126, a row, and how to approve', async () => {
    const { code, stderr } = await vault.run(['-c', '/bin/echo "$VAULT<pr>"'], { env: soon });
    assert.equal(code, 126);
    assert.match(
      stderr,
      /error: pr was not approved within 1 s; \/bin\/echo was not run; hint: vault-shell approve\n/,
    );
    const row = await lastRow();
    assert.deepEqual([row?.outcome, row?.reason], ['denied', 'pr was not approved within 1 s']);
    const run = await vault.run(['run', '-s', 'pr', '--', 'true'], { env: soon });
    assert.equal(run.code, 126);
    assert.match(run.stderr, /error: pr was not approved within 1 s; true was not run; hint/);
    assert.deepEqual(await waitForApprovals(vault, 0), []);
  });

  test('Ctrl-C ends the program that waits, and the question with it', async () => {
    const session = await openSession(vault, WITHOUT_DIALOG);
    await withTerminal(session, async () => {
      session.send('/bin/echo "$VAULT<pr>"\r');
      await waitForApprovals(vault, 1);
      session.send('\x03');
      await session.waitFor('ready> ');
      await waitForApprovals(vault, 0);
      assert.equal(await session.type('echo alive'), 'alive\n');
    });
    assert.equal((await lastRow())?.reason, 'pr was not approved while the program waited');
  });

  test('Ctrl-C ends it also where the program before it had a handler', async () => {
    const session = await openSession(vault, WITHOUT_DIALOG);
    await withTerminal(session, async () => {
      const child = `exec "/bin/echo", "\\$VAULT" . "<pr>"`;
      const parent = `$SIG{INT} = sub { exit 5 }; if (fork() == 0) { ${child} } sleep 60`;
      session.send(`perl -e '${parent}'; echo "code $?"\r`);
      await waitForApprovals(vault, 1);
      session.send('\x03');
      await session.waitFor('code 5');
      await waitForApprovals(vault, 0);
    });
    assert.equal((await lastRow())?.reason, 'pr was not approved while the program waited');
  });

  test('a session that ends does not wait for an answer', async () => {
    const session = await openSession(vault, WITHOUT_DIALOG);
    await withTerminal(session, async () => {
      session.send('/bin/echo "$VAULT<pr>" &\r');
      await waitForApprovals(vault, 1);
      session.send('exit 3\r');
      assert.deepEqual(await session.done, { code: 3, signal: 0 });
    });
    assert.deepEqual(await waitForApprovals(vault, 0), []);
  });

  for (const [verdict, code] of [
    ['deny', 126],
    ['once', 0],
    ['session', 0],
  ] as const) {
    test(`VAULT_SHELL_APPROVE=${verdict} around the session answers`, async () => {
      const command = '/bin/echo "$VAULT<pr>" && env | grep -c VAULT_SHELL_APPROVE';
      const env = { VAULT_SHELL_APPROVE: verdict };
      const outcome = await vault.run(['-c', `${command}; test $? = 1`], { env });
      if (verdict === 'deny') {
        assert.match(outcome.stderr, /error: pr was denied by VAULT_SHELL_APPROVE/);
        assert.equal(outcome.code, 1);
        assert.equal((await lastRow())?.outcome, 'denied');
      } else {
        assert.deepEqual([outcome.code, outcome.stdout], [code, '***\n0\n']);
        const row = await lastRow();
        assert.deepEqual(
          [row?.outcome, row?.approval],
          ['ran', `${verdict} by VAULT_SHELL_APPROVE`],
        );
      }
    });
  }

  // A nested session asks the outer one; one with a vault of its own names it.
  for (const [what, own] of [
    ['a nested session', ''],
    ['a session with a vault of its own', '--vault "$VAULT_SHELL_DIR"'],
  ] as const) {
    test(`inside a session VAULT_SHELL_APPROVE says nothing to ${what}`, async () => {
      const hexkey = vault.environment['VAULT_SHELL_HEXKEY'] ?? '';
      const inner = `VAULT_SHELL_APPROVE=session VAULT_SHELL_APPROVE_TIMEOUT=1 VAULT_SHELL_HEXKEY=${hexkey}`;
      const { code, stderr } = await vault.run(
        ['-c', `${inner} '${process.execPath}' '${MAIN}' ${own} run -s pr -- true`],
        { env: { VAULT_SHELL_APPROVE_TIMEOUT: '1' } },
      );
      assert.equal(code, 126);
      assert.match(stderr, /pr was not approved within 1 s/);
    });
  }

  test('a session inside a session asks nobody on its terminal, which may be of a program', async () => {
    const session = await openSession(vault, {
      env: { KEY: vault.environment['VAULT_SHELL_HEXKEY'] ?? '' },
    });
    await withTerminal(session, async () => {
      const inner = `VAULT_SHELL_APPROVE_TIMEOUT=1 VAULT_SHELL_HEXKEY=$KEY '${process.execPath}' '${MAIN}'`;
      const own = '--vault "$VAULT_SHELL_DIR"';
      const output = await session.type(
        `${inner} ${own} -- /bin/echo '$VAULT<pr>'; echo "code $?"`,
      );
      assert.equal(
        output,
        'vault-shell: error: pr was not approved within 1 s; /bin/echo was not run; hint: vault-shell approve\ncode 126\n',
      );
    });
  });

  test('settings that make no sense are refused before anything else', async () => {
    for (const env of [
      { VAULT_SHELL_APPROVE: 'yes' },
      { VAULT_SHELL_APPROVE_TIMEOUT: '0' },
      { VAULT_SHELL_APPROVE_TIMEOUT: 'soon' },
    ]) {
      const { code, stderr } = await vault.run(['-c', 'true'], { env });
      assert.equal(code, 2);
      assert.match(stderr, /^vault-shell: error: VAULT_SHELL_APPROVE\S* is [ -~]+\n$/);
    }
  });

  test('approve wants a terminal, and is refused in a session', async () => {
    for (const args of [['approve'], ['approve', '--list'], ['approve', 'x', '--once']]) {
      const piped = await vault.run(args);
      assert.deepEqual(
        [piped.code, piped.stderr],
        [1, 'vault-shell: error: approve needs a terminal\n'],
      );
    }
    const env = { VAULT_SHELL_SESSION: 'any' };
    await withTerminal(openOnTerminal(vault, { args: ['approve'], env }), async (terminal) => {
      assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
      assert.deepEqual(await linesOf(terminal), [
        'vault-shell: error: approve does not work inside a session',
      ]);
    });
  });

  for (const [args, code, wanted] of [
    [['approve'], 0, 'vault-shell: nothing waits for an approval'],
    [['approve', '--list'], 0, 'vault-shell: nothing waits for an approval'],
    [['approve', 'nope'], 1, 'vault-shell: error: no request nope waits for an answer'],
    [['approve', '--once'], 2, 'vault-shell: error: --once needs the id of a request'],
    [['approve', 'x', '--once', '--deny'], 2, 'vault-shell: error: one of --deny, --once and'],
  ] as const) {
    test(`${args.join(' ')} where nothing waits: ${String(code)}`, async () => {
      await withTerminal(openOnTerminal(vault, { args }), async (terminal) => {
        assert.deepEqual(await terminal.done, { code, signal: 0 });
        assert.ok((await terminal.screen()).startsWith(wanted), await terminal.screen());
      });
    });
  }
});
