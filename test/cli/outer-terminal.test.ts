import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makePlace, makeVault, randomValue, type TestVault } from '../support/cli.ts';
import type { TestTerminal } from '../support/terminal.ts';
import { openOuterShell, withTerminal } from './on-terminal.ts';

/*
 * A person's shell starts vault-shell; when that is gone, in whatever way, the terminal must be as it was. The modes
 * are set to something unusual first, so that a reset to the usual ones would show.
 */
const SETUP = 'stty susp ^G -ixon tostop';

const SESSION = 'PS1="in> " vault-shell';

describe('the outer terminal is as it was', () => {
  let vault: TestVault;
  before(async () => {
    vault = await makeVault();
    await vault.set('t', randomValue());
  });
  after(() => vault.remove());

  test('when the session ends by exit', async () => {
    await withTerminal(await startIn(vault, SESSION, 'in> '), async (terminal) => {
      terminal.send('exit 3\r');
      await terminal.waitFor('ended 3');
      await assertRestored(vault, terminal);
    });
  });

  test('when the session ends by Ctrl-D', async () => {
    await withTerminal(await startIn(vault, SESSION, 'in> '), async (terminal) => {
      terminal.send('\x04');
      await terminal.waitFor('ended 0');
      await assertRestored(vault, terminal);
    });
  });

  test('when a program in it left its own terminal in a mess', async () => {
    await withTerminal(await startIn(vault, SESSION, 'in> '), async (terminal) => {
      terminal.send('stty raw -echo; exit 4\r');
      await terminal.waitFor('ended 4');
      await assertRestored(vault, terminal);
    });
  });

  test('when its shell is killed', async () => {
    await withTerminal(await startIn(vault, SESSION, 'in> '), async (terminal) => {
      terminal.send('kill -KILL $$\r');
      await terminal.waitFor('ended 137');
      await assertRestored(vault, terminal);
    });
  });

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    test(`when vault-shell gets ${signal}, and nothing of the session stays`, async () => {
      await withTerminal(await startIn(vault, SESSION, 'in> '), async (terminal) => {
        const pid = await pidOfSession(terminal);
        process.kill(pid, signal);
        await terminal.waitFor('ended 1');
        await assertRestored(vault, terminal);
        const left = readdirSync(vault.home).filter((name) => name.startsWith('vault-shell-'));
        assert.deepEqual(left, []);
      });
    });
  }

  test('when SIGTERM comes while a full-screen program runs in the session', async () => {
    const line = `vault-shell -c 'stty raw -echo; printf "\\033[?1049hfull\\n"; exec cat'`;
    await withTerminal(await startIn(vault, line, 'full'), async (terminal) => {
      const pid = childOf(terminal.pid);
      process.kill(pid, 'SIGTERM');
      await terminal.waitFor('ended 143');
      await assertRestored(vault, terminal);
    });
  });

  test('when the command cannot be started', async () => {
    for (const [line, code] of [
      ['vault-shell -- no-such-program', 127],
      ['vault-shell run -s nope true', 126],
      ['VAULT_SHELL_HEXKEY=abc vault-shell', 125],
    ] as const) {
      await withTerminal(await startIn(vault, line, `ended ${code}`), async (terminal) => {
        await assertRestored(vault, terminal);
      });
    }
  });

  for (const [what, key, ended] of [
    ['answered', 'tok_typed_in_0123\r', 'ended 0'],
    ['cancelled with Ctrl-C', '\x03', 'ended 1'],
    ['cancelled with Ctrl-D', '\x04', 'ended 1'],
  ] as const) {
    test(`when a hidden question is ${what}`, async () => {
      const terminal = await startIn(vault, 'vault-shell set typed', 'value of typed: ');
      await withTerminal(terminal, async () => {
        terminal.send(key);
        await terminal.waitFor(ended);
        await assertRestored(vault, terminal);
      });
    });
  }

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    test(`when ${signal} comes while a hidden question is open`, async () => {
      const terminal = await startIn(vault, 'vault-shell set typed', 'value of typed: ');
      await withTerminal(terminal, async () => {
        process.kill(childOf(terminal.pid), signal);
        await terminal.waitFor('ended 1');
        await assertRestored(vault, terminal);
      });
    });
  }

  test('when the passphrase of a session is asked for and refused', async () => {
    const place = makePlace();
    try {
      await place.ok(['init'], { env: { VAULT_SHELL_PASSPHRASE: 'correct horse' } });
      const line = 'VAULT_SHELL_HEXKEY= vault-shell';
      await withTerminal(await startIn(place, line, 'passphrase: '), async (terminal) => {
        terminal.send('\x03');
        await terminal.waitFor('ended 125');
        await assertRestored(place, terminal);
      });
    } finally {
      place.remove();
    }
  });
});

/** Starts `line` in a person's shell and gives the terminal once `ready` is on the screen. */
async function startIn(place: TestVault, line: string, ready: string): Promise<TestTerminal> {
  const terminal = await openOuterShell(place, { SHELL: '/bin/sh' });
  terminal.send(`${SETUP}; stty -g >before\r`);
  await terminal.waitFor('outer$ ');
  terminal.send(`${line}; echo "ended $?"; stty -g >after\r`);
  await terminal.waitFor('\n');
  await terminal.waitFor(ready);
  return terminal;
}

async function assertRestored(place: TestVault, terminal: TestTerminal): Promise<void> {
  await terminal.waitFor('outer$ ');
  const [modesBefore, modesAfter] = ['before', 'after'].map((name) =>
    readFileSync(path.join(place.home, name), 'utf8'),
  );
  assert.equal(modesAfter, modesBefore);
  // What is typed is echoed, as lines, and Ctrl-C works.
  terminal.send('echo $((40+2))\r');
  await terminal.waitFor('echo $((40+2))\r\n42\r\n');
}

async function pidOfSession(terminal: TestTerminal): Promise<number> {
  terminal.send('echo "pid $PPID."\r');
  const shown = await terminal.waitFor(/pid (\d+)\./);
  return Number(/pid (\d+)\./.exec(shown)?.[1]);
}

/** The one child of a person's shell: vault-shell. */
function childOf(shell: number): number {
  const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim();
  assert.match(children, /^\d+$/);
  return Number(children);
}
