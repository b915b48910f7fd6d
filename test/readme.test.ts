import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { MAIN, makeVault, runProgram, type TestVault } from './support/cli.ts';

/*
 * The README's transcripts are run as they stand, in order, in one vault; what they print must be what
 * stands there. Lines that begin with `$ ` are commands.
 */
const README = readFileSync('README.md', 'utf8');

interface Step {
  readonly command: string;
  readonly output: string;
}

function transcripts(): Step[] {
  const steps: Step[] = [];
  for (const [, block = ''] of README.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    for (const part of block.split(/^\$ /m).slice(1)) {
      const end = part.indexOf('\n');
      steps.push({ command: part.slice(0, end), output: part.slice(end + 1) });
    }
  }
  return steps;
}

test('the transcripts of the README are true', async () => {
  const steps = transcripts();
  assert.ok(steps.length >= 8);
  let vault = await freshVault();
  try {
    for (const { command, output } of steps) {
      if (command.startsWith('vault-shell init')) {
        vault.remove();
        vault = await freshVault();
        continue;
      }
      const PATH = `${path.join(vault.home, 'bin')}:${vault.environment['PATH'] ?? ''}`;
      const { stdout, stderr } = await runProgram('bash', ['-c', command], vault, {
        env: { PATH },
      });
      const shown = command.includes('>&2') ? withStderr(stdout, stderr) : stdout;
      assert.equal(shown, output, `${command}\n${stderr}`);
    }
  } finally {
    vault.remove();
  }
});

/** A vault as after `init`, with `vault-shell` in a directory of its own for PATH. */
async function freshVault(): Promise<TestVault> {
  const vault = await makeVault();
  symlinkSync(MAIN, path.join(vault.home, 'bin', 'vault-shell'));
  return vault;
}

/** A transcript shows what a terminal would: here the first line of stdout, stderr, the rest. */
function withStderr(stdout: string, stderr: string): string {
  const [first = '', ...rest] = stdout.split('\n');
  return [first, stderr.trimEnd(), ...rest].join('\n');
}

test('every guarantee of the README has a test that cites it', () => {
  const tags = new Set(README.match(/\[G\d+\]/g));
  assert.ok(tags.size >= 9);
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(path.join('test', name), 'utf8'))
    .join('\n');
  for (const tag of tags) assert.ok(tests.includes(tag), `no test cites ${tag}`);
});
