import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** One piece of memory is read at a time; pieces overlap by what a value may straddle. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Gives where in the memory of a process `wanted` lies, as addresses with the mapping's name; empty when
 * it is nowhere. The process must be one that this one may trace.
 */
export function findInMemory(pid: number, wanted: string): string[] {
  const needle = Buffer.from(wanted);
  const found: string[] = [];
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) (r\S+) \S+ \S+ \S+\s*(.*)$/.exec(line);
      if (match === null) continue;
      const [, from = '', to = '', , name = ''] = match;
      // The kernel's own pages cannot be read this way.
      if (name === '[vvar]' || name === '[vsyscall]' || name === '[vvar_vclock]') continue;
      search(memory, BigInt(`0x${from}`), BigInt(`0x${to}`), needle, (address) =>
        found.push(`${address.toString(16)} ${name}`),
      );
    }
  } finally {
    closeSync(memory);
  }
  return found;
}

function search(
  memory: number,
  from: bigint,
  to: bigint,
  needle: Buffer,
  report: (address: bigint) => void,
): void {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  const step = BigInt(CHUNK_BYTES - needle.length);
  for (let at = from; at < to; at += step) {
    const left = Number(to - at < BigInt(CHUNK_BYTES) ? to - at : BigInt(CHUNK_BYTES));
    let got: number;
    try {
      got = readSync(memory, buffer, 0, left, at);
    } catch {
      // A mapping without a page behind it, as past the end of a file.
      return;
    }
    const index = buffer.subarray(0, got).indexOf(needle);
    if (index !== -1) report(at + BigInt(index));
  }
}
