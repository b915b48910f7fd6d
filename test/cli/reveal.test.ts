import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  makePlace,
  makeVault,
  randomValue,
  type AuditEntry,
  type TestVault,
} from '../support/cli.ts';
import { openSession } from '../support/session.ts';
import { linesOf, openOnTerminal, openOuterShell, withTerminal } from './on-terminal.ts';

describe('reveal', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
  });
  after(() => vault.remove());

  async function lastRow(): Promise<Partial<AuditEntry>> {
    const [row] = await vault.audit();
    return row ?? {};
  }

  /** Runs what is to add one row to the log, a denial. */
  async function denying(work: () => Promise<void>): Promise<void> {
    const before = await vault.audit();
    await work();
    const [row, ...rest] = await vault.audit();
    assert.deepEqual(rest, before);
    assert.deepEqual([row?.outcome, row?.secrets], ['denied', ['t']]);
  }

  test('after a yes, a person sees the value; the row is in the log', async () => {
    for (const yes of ['y', 'YES']) {
      await withTerminal(openOnTerminal(vault, { args: ['reveal', 't'] }), async (terminal) => {
        await terminal.waitFor('show the value of t here? [y/N] ');
        assert.ok(!terminal.output().includes(value));
        terminal.send(`${yes}\r`);
        assert.deepEqual(await terminal.done, { code: 0, signal: 0 });
        assert.deepEqual(await linesOf(terminal), [
          `vault-shell: show the value of t here? [y/N] ${yes}`,
          value,
        ]);
      });
      const { secrets, command, cwd, exit_code, outcome } = await lastRow();
      assert.deepEqual(
        { secrets, command, cwd, exit_code, outcome },
        {
          secrets: ['t'],
          command: 'vault-shell reveal t',
          cwd: vault.home,
          exit_code: 0,
          outcome: 'ran',
        },
      );
    }
    assert.match(await vault.ok(['show', 't']), /last_used_at: \S+Z\n/);
  });

  for (const [what, answer] of [
    ['no', 'n\r'],
    ['an empty answer', '\r'],
    ['anything else', 'yeah no\r'],
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ] as const) {
    test(`after ${what}, nothing is shown and the denial is in the log`, async () => {
      await denying(async () =>
        withTerminal(openOnTerminal(vault, { args: ['reveal', 't'] }), async (terminal) => {
          await terminal.waitFor('[y/N] ');
          terminal.send(answer);
          assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
          assert.ok(!terminal.output().includes(value));
          assert.match((await linesOf(terminal)).at(-1) ?? '', /^vault-shell: error: /);
        }),
      );
    });
  }

  test('an unknown name is an error before any question', async () => {
    await withTerminal(openOnTerminal(vault, { args: ['reveal', 'nope'] }), async (terminal) => {
      assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
      assert.match(await terminal.screen(), /^vault-shell: error: there is no secret named nope$/m);
    });
  });

  test('without a terminal it is refused, and the denial is in the log', async () => {
    await denying(async () => {
      const { code, stdout, stderr } = await vault.run(['reveal', 't'], { input: 'y\n' });
      assert.deepEqual(
        { code, stdout, stderr },
        { code: 1, stdout: '', stderr: 'vault-shell: error: reveal needs a terminal\n' },
      );
    });
  });

  for (const command of ['vault-shell reveal t | cat', 'echo y | vault-shell reveal t']) {
    test(`with one end in a pipe it is refused: ${command}`, async () => {
      await denying(async () =>
        withTerminal(await openOuterShell(vault), async (terminal) => {
          terminal.send(`${command}\r`);
          await terminal.waitFor('error: reveal needs a terminal');
          await terminal.waitFor('outer$ ');
          assert.ok(!terminal.output().includes(value));
        }),
      );
    });
  }

  test('in a session it is refused, where the vault could be opened and where not', async () => {
    const refusal = 'vault-shell: error: reveal does not work inside a session\ncode 1\n';
    const hexkey = vault.environment['VAULT_SHELL_HEXKEY'] ?? '';
    await denying(async () => {
      const session = await openSession(vault);
      await withTerminal(session, async () => {
        const reveal = 'vault-shell reveal t; echo "code $?"';
        assert.equal(await session.type(reveal), refusal);
        assert.equal(await session.type(`VAULT_SHELL_HEXKEY=${hexkey} ${reveal}`), refusal);
      });
    });
  });

  test('refusing asks for no passphrase', async () => {
    const place = makePlace();
    try {
      const env = { VAULT_SHELL_HEXKEY: '', VAULT_SHELL_SESSION: 'any' };
      await place.ok(['init'], { env: { ...env, VAULT_SHELL_PASSPHRASE: 'correct horse' } });
      await withTerminal(
        openOnTerminal(place, { args: ['reveal', 't'], env }),
        async (terminal) => {
          assert.deepEqual(await terminal.done, { code: 1, signal: 0 });
          assert.deepEqual(await linesOf(terminal), [
            'vault-shell: error: reveal does not work inside a session',
          ]);
        },
      );
    } finally {
      place.remove();
    }
  });
});
