/** Random choices that a seed repeats: what one run found, the next run finds. */
export interface Random {
  /** From 0 to `limit` - 1. */
  below(limit: number): number;
  pick<T>(from: ArrayLike<T>): T;
  text(alphabet: string, length: number): string;
  bytes(length: number): Buffer;
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
export const BASE62 = `${UPPER}${UPPER.toLowerCase()}0123456789`;

export function seededRandom(seed: number): Random {
  const state = new Uint32Array([seed, 0x9e37_79b9, 0x243f_6a88, 1]);
  // The first rounds still show the seed.
  for (let n = 0; n < 12; n++) next(state);
  const below = (limit: number): number => Math.floor((next(state) / 0x1_0000_0000) * limit);
  const pick = <T>(from: ArrayLike<T>): T => {
    const index = below(from.length);
    if (index >= from.length) throw new RangeError('nothing to pick from');
    return from[index] as T;
  };
  return {
    below,
    pick,
    text: (alphabet, length) => Array.from({ length }, () => pick(alphabet)).join(''),
    bytes(length) {
      const bytes = Buffer.alloc(length);
      for (let at = 0; at < length; at++) bytes[at] = next(state) >>> 24;
      return bytes;
    },
  };
}

/** sfc32 (Doty-Humphrey's PractRand): small, fast, and good enough that no value is a word. */
function next(state: Uint32Array): number {
  const [a = 0, b = 0, c = 0, counter = 0] = state;
  const sum = (a + b + counter) >>> 0;
  state[0] = b ^ (b >>> 9);
  state[1] = c + (c << 3);
  state[2] = ((c << 21) | (c >>> 11)) + sum;
  state[3] = counter + 1;
  return sum;
}
