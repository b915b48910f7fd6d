import { spawnSync } from 'node:child_process';
import { makeVault, MAIN, randomValue, type TestVault } from '../test/support/cli.ts';

const EXEC_ROUNDS = 5;
const EXECS = 200;
const AT_ONCE = 50;
const BURSTS = 4;
const GRANTS = 1000;

/** The cost of an exec: bare, in a session, with a value granted; and what a session holds after many. */
export async function benchExec(print: (line: string) => void): Promise<void> {
  const vault = await makeVault();
  try {
    await vault.set('t', randomValue());
    benchExecs(vault, print);
    benchRemains(vault, print);
  } finally {
    vault.remove();
  }
}

/**
 * bash times each by itself, in microseconds, and prints them at the end: neither the session's start-up nor what it does
 * with output is in the figures.
 */
function loop(command: string, execs: number): string {
  return `t=(); for i in {1..${String(execs)}}; do from=\${EPOCHREALTIME/./}; ${command}; t+=($(( \${EPOCHREALTIME/./} - from ))); done; printf '%s\\n' "\${t[@]}"`;
}

function benchExecs(vault: TestVault, print: (line: string) => void): void {
  const granted = '/bin/true "$VAULT<t>"';
  const ways: readonly [string, boolean, string][] = [
    ['bare', false, loop('/bin/true x', EXECS)],
    ['in a session, no placeholder', true, loop('/bin/true x', EXECS)],
    ['in a session, a value granted', true, loop(granted, EXECS)],
    [`bare, ${String(AT_ONCE)} at once`, false, loop(atOnce('/bin/true x'), BURSTS)],
    [`granted, ${String(AT_ONCE)} at once`, true, loop(atOnce(granted), BURSTS)],
  ];
  const times = ways.map((): number[] => []);
  for (let round = 0; round < EXEC_ROUNDS; round += 1) {
    ways.forEach(([, inside, script], index) => {
      times[index]?.push(...timesOf(script, inside, vault));
    });
  }
  print('');
  print(
    `| /bin/true from bash, ${String(EXEC_ROUNDS)} x ${String(EXECS)} | median ms | p99 ms | median / bare | median over bare, ms |`,
  );
  print('| --- | --- | --- | --- | --- |');
  ways.forEach(([name], index) => {
    const own = times[index] ?? [];
    const bare = quantile(times[index < 3 ? 0 : 3] ?? [], 0.5);
    const time = quantile(own, 0.5);
    const [p99, ratio, over] = [quantile(own, 0.99), time / bare, time - bare];
    print(
      `| ${name} | ${time.toFixed(3)} | ${p99.toFixed(3)} | ${ratio.toFixed(2)} | ${over.toFixed(3)} |`,
    );
  });
}

function atOnce(command: string): string {
  return `for j in {1..${String(AT_ONCE)}}; do ${command} & done; wait`;
}

/** Milliseconds of each pass of a loop. */
function timesOf(script: string, inside: boolean, vault: TestVault): number[] {
  const argv = inside
    ? [process.execPath, MAIN, '--shell', '/bin/bash', '-c', script]
    : ['/bin/bash', '-c', script];
  const { stdout, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), {
    env: vault.environment,
    cwd: vault.home,
    encoding: 'utf8',
  });
  const lines = stdout.trimEnd().split('\n');
  if (!lines.every((line) => /^\d+$/.test(line))) throw new Error(`no times: ${stdout}${stderr}`);
  return lines.map((line) => Number(line) / 1000);
}

/** What a session holds before and after so many grants; only root may count the descriptors of a process of a session. */
function benchRemains(vault: TestVault, print: (line: string) => void): void {
  const look =
    'echo $(cat /proc/$PPID/task/$PPID/children | wc -w) $(ls /proc/$PPID/fd 2>/dev/null | wc -l) $(grep VmRSS /proc/$PPID/status | tr -dc 0-9)';
  const grants = (count: number): string =>
    `for i in {1..${String(count)}}; do /bin/true "$VAULT<t>"; done`;
  const script = `${grants(GRANTS / 10)}; ${look}; ${grants(GRANTS)}; ${look}`;
  const argv = [MAIN, '--shell', '/bin/bash', '-c', script];
  const { stdout, stderr } = spawnSync(process.execPath, argv, {
    env: vault.environment,
    cwd: vault.home,
    encoding: 'utf8',
  });
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  if (rows.length !== 2) throw new Error(`nothing counted: ${stdout}${stderr}`);
  print('');
  print('| a session holds | children | descriptors | resident MiB |');
  print('| --- | --- | --- | --- |');
  rows.forEach(([children = NaN, descriptors = NaN, kilobytes = NaN], index) => {
    const when = index === 0 ? `after ${String(GRANTS / 10)} grants` : `${String(GRANTS)} later`;
    const files = descriptors === 0 ? '-' : String(descriptors);
    print(`| ${when} | ${String(children)} | ${files} | ${(kilobytes / 1024).toFixed(1)} |`);
  });
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
