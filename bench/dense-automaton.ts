/**
 * The baseline: a textbook Aho-Corasick automaton with all transitions in one table, a row for each
 * state and a column for each class of bytes. It masks the union of all matches in a stream, in any
 * chunks, and knows nothing of terminals: an escape sequence or a line end in a value hides it.
 */

/** A larger table is not built. */
const MAX_TABLE_BYTES = 1024 * 1024 * 1024;

const MASK = Buffer.from('***');

export interface DenseAutomaton {
  readonly classes: Uint8Array;
  readonly classCount: number;
  /** Where a state's row begins -> where the next one's does, as its complement if a needle ends there. */
  readonly next: Int32Array;
  readonly depths: Int32Array;
  /** Length of the longest needle that ends in a state, 0 if none does. */
  readonly matches: Int32Array;
  /** Bytes of memory the tables take. */
  readonly memory: number;
}

/** Undefined when the table would be larger than MAX_TABLE_BYTES. */
export function buildDense(needles: readonly Uint8Array[]): DenseAutomaton | undefined {
  const sorted = needles.toSorted((a, b) => Buffer.compare(a, b));
  const classes = new Uint8Array(256);
  let classCount = 1;
  for (const needle of sorted) {
    for (const byte of needle) if (classes[byte] === 0) classes[byte] = classCount++;
  }
  const states = countStates(sorted);
  if (states * classCount * 4 > MAX_TABLE_BYTES) return undefined;
  const next = new Int32Array(states * classCount);
  const depths = new Int32Array(states);
  const matches = new Int32Array(states);
  let size = 1;
  for (const needle of sorted) {
    let state = 0;
    for (const byte of needle) {
      const at = state * classCount + (classes[byte] ?? 0);
      if (next[at] === 0) {
        depths[size] = (depths[state] ?? 0) + 1;
        next[at] = size++;
      }
      state = next[at] ?? 0;
    }
    matches[state] = needle.length;
  }
  fillRows(next, classCount, matches);
  const memory = next.byteLength + depths.byteLength + matches.byteLength + classes.byteLength;
  return { classes, classCount, next, depths, matches, memory };
}

/** Gives a function that takes in chunks and gives what may be shown now. */
export function denseRedactor(automaton: DenseAutomaton): (chunk: Buffer) => Buffer {
  const { classes, classCount, next, depths, matches } = automaton;
  let row = 0;
  let held = Buffer.alloc(0);
  /** What to mask of the held bytes and the chunk, in order, apart: [start, end), flat. */
  let stretches: number[] = [];
  return (chunk) => {
    for (let at = 0; at < chunk.length; at++) {
      row = next[row + (classes[chunk[at] as number] as number)] as number;
      if (row >= 0) continue;
      row = ~row;
      const end = held.length + at + 1;
      addStretch(stretches, end - (matches[row / classCount] as number), end);
    }
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let from = bytes.length - (depths[row / classCount] as number);
    // A match to come may overlap a stretch that reaches into the live prefix: both are one mask.
    for (let n = stretches.length - 2; n >= 0 && (stretches[n + 1] as number) > from; n -= 2) {
      from = Math.min(from, stretches[n] as number);
    }
    const ready = stretches.filter((_, n) => (stretches[n | 1] as number) <= from);
    stretches = stretches.slice(ready.length).map((place) => place - from);
    held = Buffer.from(bytes.subarray(from));
    return masked(bytes.subarray(0, from), ready);
  };
}

/** Sorted needles share what they have in common with the one before. */
function countStates(sorted: readonly Uint8Array[]): number {
  let states = 1;
  let last = new Uint8Array();
  for (const needle of sorted) {
    let shared = 0;
    while (shared < needle.length && needle[shared] === last[shared]) shared++;
    states += needle.length - shared;
    last = Uint8Array.from(needle);
  }
  return states;
}

/** From the tree to the automaton, shortest paths first: a row lacks what its failure's row has. */
function fillRows(next: Int32Array, classCount: number, matches: Int32Array): void {
  const states = matches.length;
  const fails = new Int32Array(states);
  const queue = new Int32Array(states);
  let queued = 1;
  for (let head = 0; head < queued; head++) {
    const state = queue[head] ?? 0;
    const row = state * classCount;
    const failRow = (fails[state] ?? 0) * classCount;
    for (let column = 0; column < classCount; column++) {
      const child = next[row + column] ?? 0;
      const other = state === 0 ? 0 : (next[failRow + column] ?? 0);
      if (child === 0) next[row + column] = other;
      else {
        fails[child] = other;
        if (matches[child] === 0) matches[child] = matches[other] ?? 0;
        queue[queued++] = child;
      }
    }
  }
  for (let at = 0; at < next.length; at++) {
    const state = next[at] ?? 0;
    next[at] = matches[state] === 0 ? state * classCount : ~(state * classCount);
  }
}

/** Overlapping stretches become one; those that only touch stay two. */
function addStretch(stretches: number[], start: number, end: number): void {
  let first = start;
  while (stretches.length > 0 && (stretches.at(-1) as number) > first) {
    stretches.pop();
    first = Math.min(first, stretches.pop() as number);
  }
  stretches.push(first, end);
}

function masked(bytes: Buffer, stretches: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (let n = 0; n < stretches.length; n += 2) {
    parts.push(bytes.subarray(at, stretches[n]), MASK);
    at = stretches[n + 1] ?? at;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}
