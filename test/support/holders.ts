import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { findInMemory } from './memory-scan.ts';
import { descendantsOf } from './processes.ts';

const POLL_MS = 5;
/** Far more turns than a process needs to get the processor. */
const MAX_LOOKS = 1000;

interface Holder {
  readonly pid: number;
  readonly where: string;
}

/**
 * Gives the descendants of this process that have `value` in their memory, their arguments or their environment, each
 * as a line that says where; `except` and what it started are not looked at. What has something to do is looked at
 * again when it waits: a launcher overwrites the value once the program it started is there.
 */
export async function findHolders(value: string, except: number): Promise<string[]> {
  for (let look = 1; ; look++) {
    const holders = holdersNow(value, except);
    if (look === MAX_LOOKS || !holders.some(({ pid }) => isBusy(pid))) {
      return holders.map(({ where }) => where);
    }
    await delay(POLL_MS);
  }
}

function holdersNow(value: string, except: number): Holder[] {
  return descendantsOf(process.pid, except).flatMap(({ pid }) => {
    try {
      const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      const places = ['cmdline', 'environ'].filter((file) =>
        readFileSync(`/proc/${pid}/${file}`).includes(value),
      );
      return [...places, ...findInMemory(pid, value)].map((place) => ({
        pid,
        where: `${pid} ${name}: ${place}`,
      }));
    } catch {
      return []; // it has ended
    }
  });
}

/** Running, or on the way to it: proc(5). */
function isBusy(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /[RD]/.test(stat.charAt(stat.lastIndexOf(')') + 2));
  } catch {
    return true;
  }
}
