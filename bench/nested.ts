import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { makeVault, MAIN, randomValue, type TestVault } from '../test/support/cli.ts';

const ROUNDS = 60;
const AT_ONCE = 20;

/** Start-up of a nested `-c true`, and what the outer session and the nested ones hold of memory. */
export async function benchNested(print: (line: string) => void): Promise<void> {
  const vault = await makeVault();
  try {
    await vault.set('t', randomValue());
    benchStart(vault, print);
    benchMemory(vault, print);
  } finally {
    vault.remove();
  }
}

function benchStart(vault: TestVault, print: (line: string) => void): void {
  const front = (name: string): string =>
    fileURLToPath(new URL(`../shell/${name}`, import.meta.url));
  const ways: readonly [string, string][] = [
    ['bash -c true', 'bash -c true'],
    ['vault-bash -c true, nested', `${front('vault-bash')} -c true`],
    ['vault-shell run true, nested', `${front('vault-shell')} run true`],
    ['node -e 0', `${process.execPath} -e 0`],
    ['node main.js -c true, nested', `${process.execPath} ${MAIN} -c true`],
  ];
  // One way after the other in each round, timed by the session's own bash.
  const timed = ways.map(
    ([, command], index) =>
      `from=\${EPOCHREALTIME/./}; ${command} >/dev/null; echo ${index} $(( \${EPOCHREALTIME/./} - from ))`,
  );
  const output = inSession(vault, `for round in {1..${ROUNDS}}; do ${timed.join('; ')}; done`);
  const times = ways.map((): number[] => []);
  for (const line of output.split('\n')) {
    const [index = NaN, microseconds = NaN] = line.split(' ').map(Number);
    times[index]?.push(microseconds / 1000);
  }
  const bare = median(times[0] ?? []);
  print(`| in a session, median of ${ROUNDS} | ms | / bash -c true |`);
  print('| --- | --- | --- |');
  ways.forEach(([name], index) => {
    const time = median(times[index] ?? []);
    print(`| ${name} | ${time.toFixed(2)} | ${(time / bare).toFixed(2)} |`);
  });
}

function benchMemory(vault: TestVault, print: (line: string) => void): void {
  const front = fileURLToPath(new URL('../shell/vault-sh', import.meta.url));
  const own = 'echo $(grep VmRSS /proc/$PPID/status | tr -dc 0-9)';
  const script = `${own}; mkfifo hold; exec 9<>hold
for i in {1..${AT_ONCE}}; do ${front} -c '${own}; read line <hold' >size$i & done; sleep 3
${own}; for i in {1..${AT_ONCE}}; do echo >&9; done; wait; cat size*`;
  const [before = NaN, ...rest] = inSession(vault, script).trim().split('\n').map(Number);
  const after = Math.max(...rest);
  const each = median(rest.filter((kilobytes) => kilobytes !== after));
  print('');
  print('| resident, MiB | |');
  print('| --- | --- |');
  print(`| a session | ${(before / 1024).toFixed(1)} |`);
  print(`| the same with ${AT_ONCE} nested ones | ${(after / 1024).toFixed(1)} |`);
  print(`| a nested one, without its shell | ${(each / 1024).toFixed(1)} |`);
}

function inSession(vault: TestVault, script: string): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [MAIN, '--shell', '/bin/bash', '-c', script],
    { env: vault.environment, cwd: vault.home, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`ended with ${String(status)}: ${stderr}`);
  return stdout;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
