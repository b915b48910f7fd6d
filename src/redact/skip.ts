import { grown } from './automaton.ts';

/**
 * Finds how far a stretch of printable ASCII can be skipped because no needle begins in it.
 *
 * Wu-Manber: all needles are cut to the length of the shortest, and a table knows for every block
 * of 4 bytes the last place it has in any of them. Looking at the block at the end of a window then
 * tells how far the window can move, most often by nearly its length. It may stop where nothing is
 * (then the automaton looks), but never passes the start of a needle.
 */

const BLOCK = 4;
/** A longer window skips farther but has more blocks in the table; 16 was fastest at 100 secrets. */
const MAX_WINDOW = 16;
const STRIDE = MAX_WINDOW + 2;
const BLANK = 0x20;
/** In the table: the block is in a needle of the text without blanks too. */
const PACKED = 0x80;
const MIN_TABLE_BITS = 14;
const MAX_TABLE_BITS = 20;
/** Entries of the table for each block: rarely do two share one. */
const SPARSITY = 8;

export class Skip {
  /** The first bytes of all needles, each with its length and whether it is a packed one. */
  #starts = new Uint8Array(STRIDE * 64);
  #count = 0;
  #built = 0;
  #window = MAX_WINDOW;
  #table = new Uint8Array(1 << MIN_TABLE_BITS);
  #shift = 32 - MIN_TABLE_BITS;

  add(needle: Uint8Array, packed: boolean): void {
    const at = this.#count++ * STRIDE;
    if (at + STRIDE > this.#starts.length) {
      this.#starts = grown(this.#starts, new Uint8Array(this.#starts.length * 2));
    }
    this.#starts.set(needle.subarray(0, MAX_WINDOW), at);
    this.#starts[at + MAX_WINDOW] = Math.min(MAX_WINDOW, needle.length);
    this.#starts[at + MAX_WINDOW + 1] = packed ? PACKED : 0;
  }

  /** Builds the table anew if needles were added. */
  ready(): void {
    if (this.#built === this.#count) return;
    this.#built = this.#count;
    this.#window = MAX_WINDOW;
    for (let n = 0; n < this.#count; n++) {
      this.#window = Math.min(this.#window, this.#starts[n * STRIDE + MAX_WINDOW] ?? 0);
    }
    const blocks = this.#count * (this.#window - BLOCK + 1);
    const bits = Math.ceil(Math.log2(blocks * SPARSITY));
    const tableBits = Math.min(MAX_TABLE_BITS, Math.max(MIN_TABLE_BITS, bits));
    this.#shift = 32 - tableBits;
    this.#table = new Uint8Array(1 << tableBits).fill(this.#window - BLOCK + 1);
    for (let n = 0; n < this.#count; n++) this.#enter(n * STRIDE);
  }

  /**
   * Gives the first place from `from` on where a needle may begin. Looks at bytes before `to` only,
   * all of which must be printable ASCII.
   */
  next(bytes: Uint8Array, from: number, to: number): number {
    const table = this.#table;
    const window = this.#window;
    const shift = this.#shift;
    let at = from;
    for (let last = at + window - 1; last < to; last = at + window - 1) {
      const a = bytes[last - 3] ?? 0;
      const b = bytes[last - 2] ?? 0;
      const c = bytes[last - 1] ?? 0;
      const d = bytes[last] ?? 0;
      const entry =
        table[Math.imul((a << 24) | (b << 16) | (c << 8) | d, MULTIPLIER) >>> shift] ?? 0;
      let move = entry & ~PACKED;
      if (move === 0) return at;
      if (a === BLANK || b === BLANK || c === BLANK || d === BLANK) {
        move = Math.min(move, this.#packedMove(bytes, at, last));
        if (move === 0) return at;
      } else if ((entry & PACKED) !== 0 && hasBlank(bytes, at, last - BLOCK)) {
        // With blanks before it the block may be anywhere in a packed needle.
        return at;
      }
      at += move;
    }
    return at;
  }

  wipe(): void {
    this.#starts.fill(0);
    this.#table.fill(0);
  }

  get memory(): number {
    return this.#starts.length + this.#table.length;
  }

  /** How far the window may move for needles of the text without blanks, whatever blanks are in it. */
  #packedMove(bytes: Uint8Array, first: number, last: number): number {
    let block = 0;
    let count = 0;
    let at = last + 1;
    while (count < BLOCK && at > first) {
      at--;
      const byte = bytes[at] ?? 0;
      if (byte === BLANK) continue;
      block = (block >>> 8) | (byte << 24);
      count++;
    }
    if (count < BLOCK) {
      // A needle that begins in the window begins with one of its few characters.
      let start = first;
      while (start <= last && bytes[start] === BLANK) start++;
      return start - first;
    }
    const entry = this.#table[Math.imul(block, MULTIPLIER) >>> this.#shift] ?? 0;
    return (entry & PACKED) === 0 ? at + 1 - first : 0;
  }

  #enter(at: number): void {
    const starts = this.#starts;
    const packed = starts[at + MAX_WINDOW + 1] ?? 0;
    for (let last = BLOCK - 1; last < this.#window; last++) {
      const block =
        ((starts[at + last - 3] ?? 0) << 24) |
        ((starts[at + last - 2] ?? 0) << 16) |
        ((starts[at + last - 1] ?? 0) << 8) |
        (starts[at + last] ?? 0);
      const slot = Math.imul(block, MULTIPLIER) >>> this.#shift;
      const entry = this.#table[slot] ?? 0;
      const move = Math.min(entry & ~PACKED, this.#window - 1 - last);
      this.#table[slot] = move | (entry & PACKED) | packed;
    }
  }
}

/** Fibonacci hashing: 2^32 divided by the golden ratio. */
const MULTIPLIER = 0x9e3779b1;

function hasBlank(bytes: Uint8Array, first: number, last: number): boolean {
  for (let at = first; at <= last; at++) if (bytes[at] === BLANK) return true;
  return false;
}
