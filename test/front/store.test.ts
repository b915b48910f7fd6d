import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { makeVault, randomValue, runProgram } from '../support/cli.ts';
import { missing } from '../support/programs.ts';
import { descendantsOf, gone } from '../support/processes.ts';
import { front } from './inside.ts';
import { removeTree } from '../support/cleanup.ts';

/** Stands for the vault's process: tells what it was given. */
const CHILD = `
const { readFileSync, readdirSync, readlinkSync } = require('node:fs');
const { Socket } = require('node:net');
const status = readFileSync('/proc/self/status', 'utf8');
const fds = readdirSync('/proc/self/fd').flatMap((fd) => {
  try { return [[Number(fd), readlinkSync('/proc/self/fd/' + fd)]]; } catch { return []; }
});
new Socket({ fd: 3 }).end(JSON.stringify({
  pid: process.pid,
  parent: process.ppid,
  session: Number(readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[3]),
  environment: Object.keys(process.env),
  cwd: process.cwd(),
  streams: fds.filter(([fd]) => fd < 3).map(([, file]) => file),
  marked: fds.filter(([, file]) => file.endsWith('/marked')).length,
  hangUpIgnored: (parseInt(/SigIgn:\\s+(\\w+)/.exec(status)[1].slice(-2), 16) & 1) === 1,
}));`;
/** Stands for main.js: prints that, and what it was told itself. */
const MAIN = `
const { Socket } = require('node:net');
const [fd, pid] = process.env.VAULT_SHELL_STORE.split(':').map(Number);
let text = '';
new Socket({ fd }).on('data', (chunk) => (text += chunk)).on('end', () => {
  console.log(JSON.stringify({ ...JSON.parse(text), told: pid, self: process.pid, words: process.argv.slice(2) }));
});`;

describe(
  'the vault’s process is started by the front end',
  { skip: process.platform !== 'linux' || missing('bash') },
  () => {
    test('as its child, with nothing of what it was given itself', async () => {
      const home = mkdtempSync(path.join(tmpdir(), 'vault-shell-front-'));
      try {
        for (const [file, text] of [
          ['dist/bundle/vault/child-main.js', CHILD],
          ['dist/src/cli/main.js', MAIN],
          ['marked', ''],
        ] as const) {
          mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
          writeFileSync(path.join(home, file), text);
        }
        mkdirSync(path.join(home, 'dist/shell'));
        const copy = path.join(home, 'dist/shell/vault-bash');
        copyFileSync(front('vault-bash'), copy);
        const environment = { PATH: process.env['PATH'] ?? '', SECRET: 'x' };
        const script = `trap '' HUP; exec 3<marked 7<marked; exec "$0" -c 'echo x' name`;
        const { stdout, stderr } = await runProgram(
          '/bin/sh',
          ['-c', script, copy],
          { environment, home },
          {},
        );
        assert.equal(stderr, '');
        const told: Record<string, unknown> = JSON.parse(stdout);
        const { pid, self } = told;
        assert.deepEqual(told, {
          pid,
          parent: self,
          session: pid,
          environment: [],
          cwd: '/',
          streams: ['/dev/null', '/dev/null', '/dev/null'],
          marked: 0,
          hangUpIgnored: false,
          told: pid,
          self,
          words: ['-c', 'echo x', 'name'],
        });
      } finally {
        removeTree(home);
      }
    });

    test('is the only one, replaced when it dies, and leaves nothing behind', async () => {
      const vault = await makeVault();
      await vault.set('t', randomValue());
      const script = 'while read -r _; do /bin/echo "$VAULT<t>"; echo "# #"; done';
      const session = spawn(front('vault-bash'), ['-c', script], {
        env: vault.environment,
        cwd: vault.home,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: session.stdout })[Symbol.asyncIterator]();
      const ended = once(session, 'close');
      const stores = (): number[] =>
        descendantsOf(session.pid ?? 0)
          .filter(({ command }) => command.includes('child-main'))
          .map(({ pid }) => pid);
      const grant = async (): Promise<void> => {
        session.stdin.write('\n');
        for (const value of ['***', '# #']) {
          assert.deepEqual(await lines.next(), { done: false, value });
        }
      };
      try {
        await grant();
        const [first = 0, ...others] = stores();
        assert.deepEqual(others, []);
        process.kill(first, 'SIGKILL');
        await grant();
        assert.ok(!existsSync(`/proc/${first}`), 'it was not reaped');
        const [second = 0, ...more] = stores();
        assert.deepEqual(more, []);
        session.stdin.end();
        assert.deepEqual(await ended, [0, null]);
        await gone(second);
      } finally {
        session.kill('SIGKILL');
        await ended;
        vault.remove();
      }
    });

    test('its channel is in no program of the session [G11]', async () => {
      const vault = await makeVault();
      try {
        const script = 'for n in $(seq 3 30); do eval "exec $n</dev/null"; done; exec 20<&- 25<&-';
        const list = 'readlink /proc/self/fd/* /proc/$$/fd/* </dev/null | grep -c "^socket:"';
        for (const before of [':', script]) {
          const { stdout, stderr } = await runProgram(
            '/bin/bash',
            ['-c', `${before}; exec "$0" -c '${list}' </dev/null`, front('vault-bash')],
            vault,
            {},
          );
          assert.deepEqual({ stdout, stderr }, { stdout: '0\n', stderr: '' });
        }
      } finally {
        vault.remove();
      }
    });

    test('main.js takes none that is not its child', async () => {
      const vault = await makeVault();
      try {
        for (const told of ['', 'x', '0:1', '0:0', '99:1', `0:${process.pid}`]) {
          const env = { VAULT_SHELL_STORE: told };
          assert.equal(
            await vault.ok(['-c', 'echo ran; env | grep -c STORE; :'], { env }),
            'ran\n0\n',
          );
        }
      } finally {
        vault.remove();
      }
    });
  },
);
