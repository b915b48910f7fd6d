import { readFileSync } from 'node:fs';
import { findInMemory } from './memory-scan.ts';
import { descendantsOf } from './processes.ts';

/**
 * Gives the descendants of this process that have `value` in their memory, their arguments or their environment, each
 * as a line that says where; `except` and what it started are not looked at.
 */
export function findHolders(value: string, except: number): string[] {
  return descendantsOf(process.pid, except).flatMap(({ pid }) => {
    try {
      const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      const places = ['cmdline', 'environ'].filter((file) =>
        readFileSync(`/proc/${pid}/${file}`).includes(value),
      );
      return [...places, ...findInMemory(pid, value)].map((place) => `${pid} ${name}: ${place}`);
    } catch {
      return []; // it has ended
    }
  });
}
