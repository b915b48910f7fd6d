import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeVault, randomValue, type TestVault } from '../support/cli.ts';
import { readJson } from './on-terminal.ts';

describe('import', () => {
  let vault: TestVault;
  const file = 'secrets.env';
  before(async () => {
    vault = await makeVault();
    await vault.set('OLD', randomValue());
  });
  after(() => vault.remove());

  function write(text: string): void {
    writeFileSync(path.join(vault.home, file), text);
  }

  async function names(): Promise<string[]> {
    const listed = readJson<{ name: string }[]>(await vault.ok(['list', '--json']));
    return listed.map(({ name }) => name);
  }

  for (const [what, bad, error] of [
    ['a line that is no assignment', 'hunter2-and-more', 'line 4: not of the form KEY=VALUE'],
    ['a weak value', 'WEAK=hunter', 'line 4: WEAK: the value is shorter than 8 bytes'],
    ['an empty value', 'EMPTY=', 'line 4: EMPTY: the value is shorter than 4 bytes'],
    ['an open quote', "OPEN='hunter2-and-more", 'line 4: the quote is not closed'],
    ['a name too long', `${'A'.repeat(129)}=hunter2-and-more`, 'line 4: A+: is too long a name'],
  ] as const) {
    test(`${what}: nothing is imported, the line is named, no value is shown`, async () => {
      const good = randomValue();
      write(`# of the project\nGOOD=${good}\nOLD=${good}x\n${bad}\nLATER=${good}y\n`);
      const unchanged = await vault.ok(['list', '--json']);
      const { code, stdout, stderr } = await vault.run(['import', file]);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      const [first = '', second = ''] = stderr.split('\n');
      assert.match(first, new RegExp(`^vault-shell: error: ${error}$`));
      assert.match(second, /^vault-shell: hint: nothing was imported/);
      assert.ok(!stderr.includes('hunter') && !stderr.includes(good));
      assert.equal(await vault.ok(['list', '--json']), unchanged);
      assert.equal(await vault.ok(['redact'], { input: `${good}x` }), `${good}x`);
    });
  }

  test('a good file is imported whole, and what was there gets its new value', async () => {
    const [fresh, old] = [randomValue(), randomValue()];
    write(`export NEW="${fresh}" # comment\r\n\r\nOLD=${old}\r\n`);
    const { code, stdout, stderr } = await vault.run(['import', file]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, '');
    assert.equal(stderr, `vault-shell: imported 2 secrets from ${file}\n`);
    assert.deepEqual(await names(), ['NEW', 'OLD']);
    assert.equal(await vault.ok(['redact'], { input: `${fresh} ${old}` }), '*** ***');
  });

  test('weak values are taken with --allow-weak', async () => {
    write('WEAK=hunter\n');
    await vault.ok(['import', file, '--allow-weak']);
    assert.ok((await names()).includes('WEAK'));
    await vault.ok(['rm', 'WEAK']);
  });

  test('the last of two assignments to one name holds, as in any .env', async () => {
    const [first, last] = [randomValue(), randomValue()];
    write(`TWICE=${first}\nTWICE=${last}\n`);
    await vault.ok(['import', file]);
    const { stdout } = await vault.run(['redact'], { input: `${first} ${last}` });
    assert.equal(stdout, `${first} ***`);
  });

  test('a file that is missing, binary or a directory is one clear line', async () => {
    writeFileSync(path.join(vault.home, 'binary'), Buffer.from([0x41, 0x3d, 0xff, 0xfe]));
    for (const [name, reason] of [
      ['missing', 'ENOENT'],
      ['binary', 'not UTF-8 text'],
      ['.', 'EISDIR'],
    ]) {
      const { code, stderr } = await vault.run(['import', String(name)]);
      assert.equal(code, 1);
      assert.equal(stderr, `vault-shell: error: cannot read ${name}: ${reason}\n`);
    }
  });

  test('an empty file is no error', async () => {
    write('# nothing\n');
    const { code, stderr } = await vault.run(['import', file]);
    assert.deepEqual([code, stderr], [0, `vault-shell: imported 0 secrets from ${file}\n`]);
  });
});
