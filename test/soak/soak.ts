import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { deferred } from '../../src/session/deferred.ts';
import { openPty } from '../../src/session/pty.ts';
import { MAIN, makeVault, randomValue } from '../support/cli.ts';
import { descendantsOf } from '../support/processes.ts';

/** What one process of the session was seen to use. */
export interface Usage {
  readonly name: 'session' | 'vault process';
  /** At each part of the output: resident memory, and open descriptors where we may look. */
  readonly megabytes: readonly number[];
  readonly descriptors: readonly (number | undefined)[];
  /** Ticks of the CPU (10 ms) it took in the idle stretch. */
  readonly idleTicks: number;
}

export interface Soak {
  readonly usages: readonly Usage[];
  readonly megabytesPerSecond: number;
}

const SECRETS = 30;
const PARTS = 40;
/** The processes have done by then what the end of the output gave them to do. */
const SETTLE_MS = 3000;

/**
 * Sends so many bytes through one session on a terminal, then lets it idle. Throws if not as many arrive; what else was
 * seen is the caller's to judge.
 */
export async function soak(
  bytes: number,
  idleMs: number,
  onPart: (part: number) => void = () => undefined,
): Promise<Soak> {
  const vault = await makeVault();
  const lines = Array.from({ length: SECRETS }, (_, n) => `secret_${n}=${randomValue()}\n`);
  writeFileSync(path.join(vault.home, 'secrets.env'), lines.join(''));
  await vault.ok(['import', path.join(vault.home, 'secrets.env')]);
  const line = '\x1b[32m  ok\x1b[0m src/module.ts compiled, nothing to say of it: 世界';
  const script = `stty -opost; printf 'ready\\n'; read go; yes '${line}' | head -c ${bytes}; read end`;
  const ready = deferred<void>();
  const all = deferred<void>();
  let first = true;
  let total = 0;
  let next = 0;
  const samples: (() => void)[] = [];
  const pty = openPty({
    launch: { file: process.execPath, args: [MAIN, '--', 'sh', '-c', script] },
    environment: vault.environment,
    cwd: vault.home,
    size: { columns: 80, rows: 24 },
    onOutput(chunk) {
      if (first) {
        first = false;
        ready.resolve();
        return undefined;
      }
      total += chunk.length;
      if (total >= (next * bytes) / PARTS) {
        next++;
        onPart(next);
        for (const sample of samples) sample();
      }
      // The echo of what was typed comes before it.
      if (total >= bytes + ECHO.length) all.resolve();
      return undefined;
    },
  });
  try {
    await ready.promise;
    const child = descendantsOf(pty.pid).find(({ command }) => command.includes('child-main'));
    const watched = [watch('session', pty.pid), watch('vault process', child?.pid ?? 0)];
    samples.push(...watched.map(({ sample }) => sample));
    const begun = performance.now();
    pty.write(Buffer.from('go\n'));
    await all.promise;
    const seconds = (performance.now() - begun) / 1000;
    await delay(SETTLE_MS);
    const before = watched.map(({ pid }) => ticksOf(pid));
    await delay(idleMs);
    const usages = watched.map(({ pid, usage }, at) => ({
      ...usage,
      idleTicks: ticksOf(pid) - (before[at] ?? 0),
    }));
    pty.write(Buffer.from('end\n'));
    const { code } = await pty.done;
    if (code !== 0) throw new Error(`the session ended with ${code}`);
    return { usages, megabytesPerSecond: bytes / 1e6 / seconds };
  } finally {
    pty.kill('SIGKILL');
    await pty.done.catch(() => undefined);
    vault.remove();
  }
}

const ECHO = 'go\n';

function watch(
  name: Usage['name'],
  pid: number,
): { pid: number; sample: () => void; usage: Omit<Usage, 'idleTicks'> } {
  const megabytes: number[] = [];
  const descriptors: (number | undefined)[] = [];
  return {
    pid,
    usage: { name, megabytes, descriptors },
    sample() {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      megabytes.push(Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024));
      descriptors.push(countDescriptors(pid));
    },
  };
}

function countDescriptors(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined; // it is not dumpable: only root may look
  }
}

/** User and system time of a process, in ticks. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
