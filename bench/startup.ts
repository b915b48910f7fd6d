import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPty } from '../src/session/pty.ts';
import { makeVault, MAIN, randomValue, type TestVault } from '../test/support/cli.ts';

const ROUNDS = 15;
const SECRETS = [0, 100] as const;

type Way = {
  readonly name: string;
  readonly argv: readonly string[];
  /** The time that counts: to the end, to the first byte in a pipe, to the first byte on a terminal. */
  readonly to: 'end' | 'byte' | 'prompt';
};

const node = [process.execPath];
const session = [process.execPath, MAIN, '--shell', '/bin/bash'];
const front = [fileURLToPath(new URL('../shell/vault-bash', import.meta.url))];
const bash = ['/bin/bash'];
const WAYS: readonly Way[] = [
  { name: 'node -e 0, to the end', argv: [...node, '-e', '0'], to: 'end' },
  { name: 'bash -c true, to the end', argv: [...bash, '-c', 'true'], to: 'end' },
  { name: 'vault-shell -c true, to the end', argv: [...session, '-c', 'true'], to: 'end' },
  { name: 'vault-shell run true, to the end', argv: [...node, MAIN, 'run', 'true'], to: 'end' },
  { name: 'vault-shell list, to the end', argv: [...node, MAIN, 'list'], to: 'end' },
  { name: 'bash -c "echo x", to its x', argv: [...bash, '-c', 'echo x'], to: 'byte' },
  { name: 'vault-shell -c "echo x", to its x', argv: [...session, '-c', 'echo x'], to: 'byte' },
  { name: 'vault-bash -c "echo x", to its x', argv: [...front, '-c', 'echo x'], to: 'byte' },
  { name: 'bash --norc -i, to its prompt', argv: [...bash, '--norc', '-i'], to: 'prompt' },
  {
    name: 'vault-shell -- bash --norc -i, to its prompt',
    argv: [...node, MAIN, '--', 'bash', '--norc', '-i'],
    to: 'prompt',
  },
];

/** What a new session costs: time from its exec, in turns with bare programs, and memory. */
export async function benchStartup(print: (line: string) => void): Promise<void> {
  for (const secrets of SECRETS) {
    const vault = await makeVault();
    try {
      await fill(vault, secrets);
      await benchTimes(vault, `${String(secrets)} secrets`, print);
      await benchMemory(vault, print);
    } finally {
      vault.remove();
    }
  }
}

async function fill(vault: TestVault, secrets: number): Promise<void> {
  if (secrets === 0) return;
  const file = path.join(vault.home, 'secrets.env');
  const lines = Array.from({ length: secrets }, (_, n) => `secret_${String(n)}=${randomValue()}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  await vault.ok(['import', file]);
}

async function benchTimes(
  vault: TestVault,
  title: string,
  print: (line: string) => void,
): Promise<void> {
  const times = WAYS.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, way] of WAYS.entries()) times[index]?.push(await timeOf(way, vault));
  }
  const base = quantile(times[0] ?? [], 0.5);
  print('');
  print(
    `| ${title}, ${String(ROUNDS)} rounds | median ms | best ms | over node -e 0, ms | / node -e 0 |`,
  );
  print('| --- | --- | --- | --- | --- |');
  for (const [index, { name }] of WAYS.entries()) {
    const [best, median] = [0, 0.5].map((part) => quantile(times[index] ?? [], part));
    if (best === undefined || median === undefined) continue;
    const cells = [median, best, median - base].map((ms) => ms.toFixed(1));
    print(`| ${[name, ...cells, (median / base).toFixed(2)].join(' | ')} |`);
  }
}

async function timeOf({ name, argv, to }: Way, vault: TestVault): Promise<number> {
  const [file = '', ...args] = argv;
  const from = process.hrtime.bigint();
  const elapsed = (): number => Number(process.hrtime.bigint() - from) / 1e6;
  if (to === 'prompt') return promptOf(file, args, vault, elapsed);
  const options = { env: vault.environment, cwd: vault.home } as const;
  if (to === 'end') {
    const { status } = spawnSync(file, args, { ...options, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} ended with ${String(status)}`);
    return elapsed();
  }
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  const time = elapsed();
  await closed;
  return time;
}

async function promptOf(
  file: string,
  args: readonly string[],
  vault: TestVault,
  elapsed: () => number,
): Promise<number> {
  let time: number | undefined;
  let output = '';
  const pty = openPty({
    launch: { file, args },
    environment: { ...vault.environment, PS1: 'ready> ' },
    cwd: vault.home,
    size: { columns: 80, rows: 24 },
    onOutput(chunk) {
      output += Buffer.from(chunk).toString('latin1');
      if (time !== undefined || !output.includes('ready> ')) return undefined;
      time = elapsed();
      pty.write(Buffer.from('exit\r'));
      return undefined;
    },
  });
  await pty.done;
  if (time === undefined) throw new Error(`${file} gave no prompt`);
  return time;
}

/** A session that waits for its input, and its child that has the vault. */
async function benchMemory(vault: TestVault, print: (line: string) => void): Promise<void> {
  const [file = '', ...args] = session;
  const child = spawn(file, [...args, '-c', 'echo ready; read -r _'], {
    env: vault.environment,
    cwd: vault.home,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  print('');
  print('| memory of a session | resident MiB | most MiB |');
  print('| --- | --- | --- |');
  print(`| itself | ${mebibytes(pid, 'VmRSS')} | ${mebibytes(pid, 'VmHWM')} |`);
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  for (const each of children.trim().split(' ').map(Number)) {
    if (!/^Name:\tnode$/m.test(statusOf(each))) continue;
    print(`| its child | ${mebibytes(each, 'VmRSS')} | ${mebibytes(each, 'VmHWM')} |`);
  }
  child.stdin.end('\n');
  await once(child, 'close');
}

function mebibytes(pid: number, field: string): string {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(statusOf(pid))?.[1];
  return (Number(kibibytes) / 1024).toFixed(1);
}

function statusOf(pid: number): string {
  return readFileSync(`/proc/${String(pid)}/status`, 'utf8');
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
