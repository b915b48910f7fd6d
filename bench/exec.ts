import { spawnSync } from 'node:child_process';
import { makeVault, MAIN, randomValue, type TestVault } from '../test/support/cli.ts';

const START_ROUNDS = 15;
const EXEC_ROUNDS = 5;
const EXECS = 200;

/** Start-up of `-c true` and the cost of an exec: bare, in a session, with a value granted. */
export async function benchExec(print: (line: string) => void): Promise<void> {
  const vault = await makeVault();
  try {
    await vault.set('t', randomValue());
    benchStart(vault, print);
    benchExecs(vault, print);
  } finally {
    vault.remove();
  }
}

function benchStart(vault: TestVault, print: (line: string) => void): void {
  const ways: readonly [string, readonly string[]][] = [
    ['sh -c true', ['sh', '-c', 'true']],
    ['node -e 0', [process.execPath, '-e', '0']],
    ['vault-shell -c true', [process.execPath, MAIN, '-c', 'true']],
    ['vault-shell run true', [process.execPath, MAIN, 'run', 'true']],
    ['vault-shell list', [process.execPath, MAIN, 'list']],
  ];
  const times = ways.map((): number[] => []);
  for (let round = 0; round < START_ROUNDS; round += 1) {
    ways.forEach(([, argv], index) => times[index]?.push(timeOf(argv, vault)));
  }
  const node = median(times[1] ?? []);
  print(`| start-up, median of ${String(START_ROUNDS)} | ms | / node -e 0 |`);
  print('| --- | --- | --- |');
  ways.forEach(([name], index) => {
    const time = median(times[index] ?? []);
    print(`| ${name} | ${time.toFixed(1)} | ${(time / node).toFixed(2)} |`);
  });
}

function timeOf(argv: readonly string[], vault: TestVault): number {
  const from = process.hrtime.bigint();
  const { status } = spawnSync(argv[0] ?? '', argv.slice(1), {
    env: vault.environment,
    cwd: vault.home,
    stdio: 'ignore',
  });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${String(status)}`);
  return Number(process.hrtime.bigint() - from) / 1e6;
}

/** bash times its own loop, so that the session's start-up is not in the figure. */
function loop(command: string): string {
  return `from=\${EPOCHREALTIME/./}; for i in {1..${String(EXECS)}}; do ${command}; done; echo $(( \${EPOCHREALTIME/./} - from ))`;
}

function benchExecs(vault: TestVault, print: (line: string) => void): void {
  const ways: readonly [string, boolean, string][] = [
    ['bare', false, loop('/bin/true x')],
    ['in a session, no placeholder', true, loop('/bin/true x')],
    ['in a session, a value granted', true, loop('/bin/true "$VAULT<t>"')],
  ];
  const times = ways.map((): number[] => []);
  for (let round = 0; round < EXEC_ROUNDS; round += 1) {
    ways.forEach(([, inside, script], index) => {
      const argv = inside
        ? [process.execPath, MAIN, '--shell', '/bin/bash', '-c', script]
        : ['/bin/bash', '-c', script];
      const { stdout, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), {
        env: vault.environment,
        cwd: vault.home,
        encoding: 'utf8',
      });
      if (!/^\d+\n$/.test(stdout)) throw new Error(`no time measured: ${stdout}${stderr}`);
      times[index]?.push(Number(stdout) / 1000 / EXECS);
    });
  }
  const bare = median(times[0] ?? []);
  print('');
  print(
    `| one exec of /bin/true from bash, median of ${String(EXEC_ROUNDS)} x ${String(EXECS)} | ms | / bare | ms over bare |`,
  );
  print('| --- | --- | --- | --- |');
  ways.forEach(([name], index) => {
    const time = median(times[index] ?? []);
    print(
      `| ${name} | ${time.toFixed(3)} | ${(time / bare).toFixed(2)} | ${(time - bare).toFixed(3)} |`,
    );
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
