import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deferred } from '../src/session/deferred.ts';
import { openPty, type Pty } from '../src/session/pty.ts';
import { MAIN, makeVault, randomValue, type TestVault } from '../test/support/cli.ts';
import { removeTree } from '../test/support/cleanup.ts';

const PROXY = fileURLToPath(
  new URL('../test/session/fixtures/terminal-session.js', import.meta.url),
);

const TEXT_BYTES = 64 * 1024 * 1024;
const ROUNDS = 9;
/** So many keys come while the code of a new session is still being compiled... */
const FIRST_KEYS = 2000;
/** ...and so many after that. */
const KEYS = 4000;

/** The ways from a program to us, who are the outer terminal: `command` run in each. */
const WAYS = {
  direct: (command: string) => ['sh', '-c', command],
  script: (command: string) => ['script', '-qfc', command, '/dev/null'],
  proxy: (command: string) => [process.execPath, PROXY, 'sh', '-c', command],
  session: (command: string) => [process.execPath, MAIN, '--', 'sh', '-c', command],
} as const;
type Way = keyof typeof WAYS;
const NAMES = ['direct', 'script', 'proxy', 'session'] as const;
const SECRETS = 100;

/**
 * Measures throughput and keystroke latency of the proxy with a filter that does nothing and of a whole
 * session with SECRETS secrets in every form, against script(1) and against nothing, in turns within one run. Machines differ, and so do minutes: read the ratios.
 */
export async function benchPty(print: (line: string) => void): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-bench-'));
  const file = path.join(directory, 'text');
  const vault = await makeVault();
  try {
    writeFileSync(file, colouredText());
    const secrets = path.join(directory, 'secrets.env');
    const lines = Array.from({ length: SECRETS }, (_, n) => `secret_${n}=${randomValue()}`);
    writeFileSync(secrets, `${lines.join('\n')}\n`);
    await vault.ok(['import', secrets]);
    await benchThroughput(file, vault, print);
    await benchLatency(vault, print);
  } finally {
    vault.remove();
    removeTree(directory);
  }
}

async function benchThroughput(
  file: string,
  vault: TestVault,
  print: (line: string) => void,
): Promise<void> {
  const rates: Record<Way, number[]> = { direct: [], script: [], proxy: [], session: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of NAMES) rates[way].push(await throughputOf(way, file, vault));
  }
  const baseline = median(rates.script);
  for (const way of NAMES) {
    const rate = median(rates[way]);
    print(
      `pty throughput ${way}: ${rate.toFixed(1)} MB/s, ${(rate / baseline).toFixed(2)} of script`,
    );
  }
}

/** Gives MB/s from the first byte of the text to the last, so that starting up does not count. */
async function throughputOf(way: Way, file: string, vault: TestVault): Promise<number> {
  let total = 0;
  let first = 0n;
  let last = 0n;
  const pty = start(way, vault, `stty -opost; cat ${file}`, (chunk) => {
    last = process.hrtime.bigint();
    if (total === 0) first = last;
    total += chunk.length;
  });
  await pty.done;
  if (total !== TEXT_BYTES) throw new Error(`${way} gave ${total} bytes of ${TEXT_BYTES}`);
  return total / 1e6 / (Number(last - first) / 1e9);
}

async function benchLatency(vault: TestVault, print: (line: string) => void): Promise<void> {
  const times = new Map<Way, readonly number[]>();
  for (const way of NAMES) times.set(way, await latencyOf(way, vault));
  const parts: readonly [string, (all: readonly number[]) => readonly number[]][] = [
    [`the first ${String(FIRST_KEYS)} keys`, (all) => all.slice(0, FIRST_KEYS)],
    [`the next ${String(KEYS)}`, (all) => all.slice(FIRST_KEYS)],
  ];
  for (const [name, part] of parts) {
    const figures = (way: Way): readonly [number, number] => {
      const sorted = part(times.get(way) ?? []).toSorted((a, b) => a - b);
      return [quantile(sorted, 0.5), quantile(sorted, 0.99)];
    };
    const [scriptP50, scriptP99] = figures('script');
    for (const way of NAMES) {
      const [p50, p99] = figures(way);
      const over = p50 - scriptP50;
      print(
        `pty keystroke ${way}, ${name}: p50 ${p50.toFixed(3)} ms (${over.toFixed(3)} over script), p99 ${p99.toFixed(3)} ms (${(p99 / scriptP99).toFixed(2)} of script)`,
      );
    }
  }
}

/** Gives the milliseconds from each key to its echo by the innermost terminal. */
async function latencyOf(way: Way, vault: TestVault): Promise<number[]> {
  let output = '';
  let arrived = deferred<void>();
  let wanted = 'ready';
  const pty = start(way, vault, 'printf ready; exec cat', (chunk) => {
    output += Buffer.from(chunk).toString('latin1');
    if (output.includes(wanted)) arrived.resolve();
  });
  await arrived.promise;
  const times: number[] = [];
  for (let key = 0; key < FIRST_KEYS + KEYS; key++) {
    output = '';
    wanted = key % 40 === 39 ? '\n' : 'x';
    arrived = deferred<void>();
    const before = process.hrtime.bigint();
    pty.write(Buffer.from(wanted));
    await arrived.promise;
    times.push(Number(process.hrtime.bigint() - before) / 1e6);
  }
  pty.kill('SIGKILL');
  await pty.done;
  return times;
}

function start(
  way: Way,
  vault: TestVault,
  command: string,
  onChunk: (chunk: Uint8Array) => void,
): Pty {
  const [file = '', ...args] = WAYS[way](command);
  return openPty({
    launch: { file: file.includes('/') ? file : `/usr/bin/${file}`, args },
    environment: { ...vault.environment, PATH: '/usr/bin:/bin' },
    cwd: '/',
    size: { columns: 80, rows: 24 },
    onOutput(chunk) {
      onChunk(chunk);
      return undefined;
    },
  });
}

/** Gives text as a build writes it: lines with colours in them. */
function colouredText(): Buffer {
  const text = Buffer.alloc(TEXT_BYTES);
  let length = 0;
  for (let n = 0; length < TEXT_BYTES; n++) {
    const line = `\u001b[32m  ok\u001b[0m ${n} \u001b[1msrc/module-${n % 97}.ts\u001b[0m compiled in ${n % 13} ms\n`;
    length += text.write(line, length);
  }
  return text;
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
