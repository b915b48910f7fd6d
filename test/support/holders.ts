import { readdirSync, readFileSync } from 'node:fs';
import { native } from '../../src/base/native.ts';
import { findInMemory } from './memory-scan.ts';

/**
 * Gives the descendants of this process that have `value` in their memory, their arguments or their environment, each
 * as a line that says where; `except` and what it started are not looked at.
 */
export function findHolders(value: string, except: number): string[] {
  return descendants(process.pid, except).flatMap((pid) => {
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

function descendants(root: number, except: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = native().parentOf(Number(name));
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // it has ended
    }
  }
  const found: number[] = [];
  for (let next = [root]; next.length > 0;) {
    next = next.flatMap((pid) => children.get(pid) ?? []).filter((pid) => pid !== except);
    found.push(...next);
  }
  return found;
}
