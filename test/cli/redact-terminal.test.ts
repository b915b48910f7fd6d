import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { progressText } from '../../src/cli/progress.ts';
import { makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { linesOf, openOuterShell, withTerminal } from './on-terminal.ts';

const LINE = '2024-11-25T12:00:00Z INFO a line of a log, as long as they are\n';

describe('redact on a terminal', () => {
  let vault: TestVault;
  const value = randomValue();
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    writeFileSync(path.join(vault.home, 'log'), LINE);
    // Without blocks on the disk: all NULs.
    for (const [name, bytes] of [
      ['large', 101e6],
      ['limit', 100e6],
    ] as const) {
      writeFileSync(path.join(vault.home, name), LINE);
      truncateSync(path.join(vault.home, name), bytes);
    }
  });
  after(() => vault.remove());

  /** Types a line to the person's shell; gives all that came out until its next prompt, and what is left to see. */
  async function shown(line: string): Promise<{ output: string; lines: string[] }> {
    return withTerminal(await openOuterShell(vault), async (terminal) => {
      terminal.send(`${line}\r`);
      await terminal.waitFor('\n');
      const output = await terminal.waitFor('outer$ ');
      return { output, lines: (await linesOf(terminal)).slice(1) };
    });
  }

  test('a line shows the progress of a large FILE, and is gone at the end', async () => {
    const { output, lines } = await shown('vault-shell redact large >out');
    assert.match(
      output,
      /^\rvault-shell: 0% of 101 MB( *\rvault-shell: \d+% of 101 MB[^\r]*)*\r +\router\$ $/,
    );
    assert.deepEqual(lines, ['outer$']);
  });

  for (const [what, line, end] of [
    ['100 MB or less', 'vault-shell redact limit | head -c 4', '2024outer$ '],
    ['stdin', 'vault-shell redact <large | head -c 4', '2024outer$ '],
    ['stderr elsewhere', 'vault-shell redact large 2>err | head -c 4; cat err', '2024outer$ '],
    ['a job in the background', 'vault-shell redact large >out & wait', 'outer$ '],
  ] as const) {
    test(`no progress is shown for ${what}`, async () => {
      const { output } = await shown(line);
      assert.ok(output.endsWith(end) && !output.includes('%'), output);
    });
  }

  test('what is typed comes back line by line, until Ctrl-D', async () => {
    await withTerminal(await openOuterShell(vault), async (terminal) => {
      terminal.send('vault-shell redact -\r');
      await terminal.waitFor('\n');
      for (const line of ['one', value]) {
        terminal.send(`${line}\r`);
        await terminal.waitFor(`${line}\r\n${line === value ? '***' : line}\r\n`);
      }
      terminal.send('\x04');
      assert.equal(await terminal.waitFor('outer$ '), 'outer$ ');
    });
  });

  test('no progress is shown where the output itself is', async () => {
    await withTerminal(await openOuterShell(vault), async (terminal) => {
      terminal.send('vault-shell redact large\r');
      await terminal.waitFor(LINE.trimEnd());
      await terminal.waitFor('\0'.repeat(10 * 64 * 1024));
      terminal.send('\x03');
      await terminal.waitFor('outer$ ');
      assert.ok(!terminal.output().includes('%'));
    });
  });
});

test('the line of a progress', () => {
  for (const [done, total, elapsedMs, text] of [
    [0, 101e6, 0, 'vault-shell: 0% of 101 MB'],
    [65_536, 312.4e6, 199, 'vault-shell: 0% of 312 MB'],
    [50e6, 200e6, 500, 'vault-shell: 25% of 200 MB, 100 MB/s'],
    [999e6, 1000e6, 10_000, 'vault-shell: 99% of 1.0 GB, 100 MB/s'],
    [1e9, 1e9, 1000, 'vault-shell: 100% of 1.0 GB, 1000 MB/s'],
    [12.34e9, 12.34e9, 1e6, 'vault-shell: 100% of 12.3 GB, 12 MB/s'],
    // It grew.
    [300e6, 200e6, 3000, 'vault-shell: 100% of 200 MB, 100 MB/s'],
  ] as const) {
    assert.equal(progressText(done, total, elapsedMs), text);
  }
});
