import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runProgram } from '../support/cli.ts';
import { removeTree } from '../support/cleanup.ts';

/** The program under "As a library", as it stands. */
function example(): string {
  const readme = readFileSync('README.md', 'utf8');
  const section = readme.slice(readme.indexOf('**As a library.**'));
  return /^```ts\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? '';
}

const VALUE = 'ghp_T8qZk4vLw2xR7nYb';

describe('the example of the README', () => {
  let home: string;
  before(() => {
    home = mkdtempSync(path.join(tmpdir(), 'vault-shell-example-'));
    mkdirSync(path.join(home, 'node_modules'));
    symlinkSync(path.resolve('.'), path.join(home, 'node_modules', 'vault-shell'));
    // Plain JavaScript as well, so that it runs on every Node.
    writeFileSync(path.join(home, 'example.mjs'), example());
  });
  after(() => removeTree(home));

  const base64 = Buffer.from(`user:${VALUE}`).toString('base64');
  const cut = Buffer.from([0xff, 0xc3, 13, 10, 0]);
  for (const [what, input, expected] of [
    ['masks a value', `a ${VALUE} b\n`, 'a *** b\n'],
    [
      'masks an encoded value',
      `Authorization: Basic ${base64}\r\n`,
      /^Authorization: Basic .*\r\n/,
    ],
    ['gives what it held at the end', `see ${VALUE.slice(0, 12)}`, `see ${VALUE.slice(0, 12)}`],
    ['leaves what is no text', Buffer.concat([cut, Buffer.from(VALUE)]), `${cut.toString()}***`],
    ['takes more than pipes hold', `${VALUE}${'.'.repeat(1e6)}`, `***${'.'.repeat(1e6)}`],
    ['takes nothing', '', ''],
  ] as const) {
    test(what, async () => {
      const environment = { PATH: process.env['PATH'] ?? '' };
      const place = { home, environment };
      const { code, stdout, stderr } = await runProgram(process.execPath, ['example.mjs'], place, {
        input: typeof input === 'string' ? input : Buffer.from(input),
      });
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      if (typeof expected === 'string') assert.equal(stdout, expected);
      else assert.match(stdout, expected);
      assert.ok(!stdout.includes(VALUE) && !stdout.includes(base64.slice(-20)));
    });
  }
});
