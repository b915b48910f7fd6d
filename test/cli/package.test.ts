import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Script } from 'node:vm';
import { removeTree } from '../support/cleanup.ts';
import { makePlace, runProgram, type Outcome } from '../support/cli.ts';
import { readJson } from './on-terminal.ts';

const ROOT = path.resolve('.');

describe('the package', () => {
  let home: string;
  before(() => {
    home = mkdtempSync(path.join(tmpdir(), 'vault-shell-package-'));
  });
  after(() => removeTree(home));

  function run(file: string, args: readonly string[], cwd: string): Promise<Outcome> {
    const environment = { PATH: process.env['PATH'] ?? '', HOME: home, npm_config_cache: home };
    return runProgram(file, args, { environment, home }, { cwd });
  }

  test('holds the program, the hook with its source, and the docs: no tests, nothing else', async () => {
    // A copy, so that whatever npm does while it packs is not done to us.
    const copy = path.join(home, 'copy');
    mkdirSync(copy);
    for (const name of ['dist', 'src', 'test', 'bench', 'shell', 'docs']) {
      cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
    }
    for (const name of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
      cpSync(path.join(ROOT, name), path.join(copy, name));
    }
    const packed = await run('npm', ['pack', '--json', '--dry-run', '--ignore-scripts'], copy);
    assert.equal(packed.code, 0, packed.stderr);
    const [{ files } = { files: [] }] = readJson<{ files: { path: string; mode: number }[] }[]>(
      packed.stdout,
    );
    const names = files.map((file) => file.path);
    for (const wanted of [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/src/cli/main.js',
      'dist/src/redact/library.js',
      'dist/src/redact/library.d.ts',
      'dist/bundle/cli/main.js',
      'dist/bundle/vault/child-main.js',
      'dist/bundle/keys/keychain-main.js',
      'dist/bundle/LICENSES.txt',
      'dist/shell/libvault-hook.so',
      'dist/shell/vault-native.node',
      'dist/shell/vault-shell',
      'dist/shell/vault-bash',
      'dist/shell/vault-zsh',
      'dist/shell/vault-sh',
      'shell/Makefile',
      'shell/rc/vault-shell.bash',
      'shell/rc/vault-shell.zsh',
      'shell/rc/vault-shell.fish',
      'docs/protocol.md',
    ]) {
      assert.ok(names.includes(wanted), `${wanted} is missing`);
    }
    const ALLOWED =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/src\/.*\.(js|d\.ts)(\.map)?|dist\/(src|bundle)\/redact\/core\.wasm|dist\/src\/cli\/package\.json|dist\/bundle\/(package\.json|LICENSES\.txt|(base|cli|keys|vault)\/[^/]+\.(js|bytecode))|dist\/shell\/[^/]+\.(so|node)|dist\/shell\/vault-(shell|bash|zsh|sh)|shell\/(Makefile|rc\/[^/]+\.(bash|zsh|fish)|.*\.(c|h|S|map|ld|lds))|docs\/.*\.md)$/;
    const others = names.filter((name) => !ALLOWED.test(name) || /(^|\/)tests?(\/|\.)/.test(name));
    assert.deepEqual(others, []);
    const { bin }: { bin: Record<string, string> } = JSON.parse(
      readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
    );
    assert.deepEqual(Object.keys(bin), ['vault-shell', 'vault-bash', 'vault-zsh', 'vault-sh']);
    for (const command of Object.values(bin)) {
      const file = files.find((candidate) => candidate.path === command);
      assert.ok(file !== undefined && (file.mode & 0o111) !== 0, `${command} is not executable`);
    }
  });

  test('its commands work by the links that npm makes to them', async () => {
    const copy = path.join(home, 'copy');
    const packed = await run('npm', ['pack', '--ignore-scripts', '--silent'], copy);
    const place = path.join(home, 'installed', 'node_modules');
    mkdirSync(path.join(place, '.bin'), { recursive: true });
    const tar = ['xzf', path.join(copy, packed.stdout.trim()), '-C', place];
    assert.equal((await run('tar', tar, copy)).code, 0);
    renameSync(path.join(place, 'package'), path.join(place, 'vault-shell'));
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(place, 'vault-shell', 'node_modules'));
    const { bin }: { bin: Record<string, string> } = JSON.parse(
      readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
    );
    for (const [name, file] of Object.entries(bin)) {
      symlinkSync(path.join('..', 'vault-shell', file), path.join(place, '.bin', name));
    }
    const vault = makePlace();
    const command = (name: string, ...args: string[]): Promise<Outcome> =>
      runProgram(path.join(place, '.bin', name), args, vault, {});
    try {
      assert.equal((await command('vault-shell', 'init', '--key', 'hexkey')).code, 0);
      for (const name of ['vault-shell', 'vault-bash', 'vault-sh']) {
        const outcome = await command(name, '-c', '"$SHELL" -c "echo \\$0" inner; exit 3');
        assert.deepEqual(outcome, { code: 3, stdout: 'inner\n', stderr: '' }, name);
      }
    } finally {
      vault.remove();
    }
  });

  test('main.js begins with a line that finds Node', () => {
    const main = readFileSync(path.join(ROOT, 'dist/src/cli/main.js'), 'utf8');
    assert.ok(main.startsWith('#!/usr/bin/env node\n'));
  });

  test('has bytecode that the Node which built it takes', () => {
    for (const name of ['cli/main', 'vault/child-main', 'keys/keychain-main']) {
      const file = path.join(ROOT, 'dist/bundle', name);
      const code = readFileSync(`${file}.code.js`, 'latin1');
      const script = new Script(code, { cachedData: readFileSync(`${file}.bytecode`) });
      assert.equal(script.cachedDataRejected, false, name);
    }
  });

  describe('to a program that depends on it', () => {
    let consumer: string;
    before(() => {
      consumer = path.join(home, 'consumer');
      mkdirSync(path.join(consumer, 'node_modules'), { recursive: true });
      symlinkSync(ROOT, path.join(consumer, 'node_modules', 'vault-shell'));
      const types = path.join('node_modules', '@types');
      symlinkSync(path.join(ROOT, types), path.join(consumer, types));
      writeFileSync(
        path.join(consumer, 'package.json'),
        '{ "name": "consumer", "private": true, "type": "module" }',
      );
    });

    test('offers Redactor and redactStream, and nothing else', async () => {
      writeFileSync(
        path.join(consumer, 'use.js'),
        `import * as redact from 'vault-shell/redact';
const redactor = new redact.Redactor({ mask: '[gone]' });
redactor.add({ name: 'token', value: 'tok_0123456789abcdef' });
const parts = [redactor.write(Buffer.from('a tok_0123')), redactor.release()];
parts.push(redactor.write(Buffer.from('456789abcdef b')), redactor.end());
console.log(Buffer.concat(parts).toString());
console.log(Object.keys(redact).sort().join(' '));
for (const name of ['vault-shell', 'vault-shell/dist/src/vault/open.js', 'vault-shell/keys']) {
  try {
    await import(name);
    console.log(name, 'is there');
  } catch (error) {
    console.log(error.code);
  }
}
`,
      );
      const { code, stdout, stderr } = await run(process.execPath, ['use.js'], consumer);
      assert.equal(code, 0, stderr);
      const refusals = 'ERR_PACKAGE_PATH_NOT_EXPORTED\n'.repeat(3);
      assert.equal(stdout, `a tok_[gone] b\nRedactor redactStream\n${refusals}`);
    });

    for (const [resolution, module] of [
      ['nodenext', 'nodenext'],
      ['bundler', 'esnext'],
    ]) {
      test(`its types are found by tsc (${resolution}), and say what the contract says`, async () => {
        writeFileSync(
          path.join(consumer, 'use.ts'),
          `import type { Transform } from 'node:stream';
import { Redactor, redactStream, type RedactorOptions } from 'vault-shell/redact';
const options: RedactorOptions = { mask: '***', forms: 'raw' };
const redactor: Redactor = new Redactor(options);
redactor.add({ name: 'a', value: 'text-of-it' });
redactor.add({ name: 'b', value: new Uint8Array([1, 2, 3, 4]) });
const parts: Uint8Array[] = [redactor.write(new Uint8Array(1)), redactor.release(), redactor.end()];
new Redactor();
// @ts-expect-error: there is no such form
new Redactor({ forms: 'some' });
// @ts-expect-error: no stream without a redactor
redactStream();
const stream: Transform = redactStream(redactor);
export { parts, stream };
`,
        );
        const { code, stdout } = await run(
          process.execPath,
          [
            path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
            '--noEmit',
            '--strict',
            '--target',
            'es2022',
            '--types',
            'node',
            '--module',
            String(module),
            '--moduleResolution',
            String(resolution),
            'use.ts',
          ],
          consumer,
        );
        assert.equal(code, 0, stdout);
      });
    }
  });
});
