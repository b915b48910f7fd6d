import { allocate, grown, reallocate, release } from './buffer';

/*
 * Tells quickly that no needle begins in a stretch of text without blanks.
 *
 * Of each needle only the first `window` bytes count, as many as the shortest has. Whatever place a needle
 * begins at, one of every `stride` blocks of 4 bytes lies in its window: so only those are looked up in a
 * table of all blocks of all windows. For a block that is there, the windows around it are looked up in a
 * second table, of whole windows. Both are Bloom filters: they may say yes to what is no needle, and
 * never no to what is one.
 */

export const BLOCK_BYTES: i32 = 4;
/** A longer window lets more be skipped but has more blocks in the table. */
const MAX_WINDOW: i32 = 16;
const SLOT_BYTES: i32 = 16;
/** Bits of a table for each thing in it, and limits in powers of two. */
const SPARSITY: u32 = 32;
const MIN_TABLE_BITS: u32 = 15;
const MAX_TABLE_BITS: u32 = 24;

/** Odd numbers with well mixed bits: the first is 2^32 divided by the golden ratio. */
const BLOCK_MULTIPLIER: u32 = 0x9e3779b1;
const FIRST_MULTIPLIER: u64 = 0xff51afd7ed558ccd;
const SECOND_MULTIPLIER: u64 = 0x9e3779b97f4a7c15;
const THIRD_MULTIPLIER: u64 = 0xc2b2ae3d27d4eb4f;

@unmanaged
export class GramFilter {
  /** 0: some needle is too short, nothing can be told. */
  window: i32 = 0;
  stride: i32 = 0;
  blocks: usize = 0;
  blockBits: u32 = 0;
  windows: usize = 0;
  windowBits: u32 = 0;
  /** The first bytes of all needles, in slots. */
  starts: usize = 0;
  count: i32 = 0;
  capacity: i32 = 0;
  entered: i32 = 0;
  shortest: i32 = MAX_WINDOW;

  get memory(): usize {
    const tables =
      this.blockBits === 0 ? 0 : (1 << (this.blockBits - 3)) + (1 << (this.windowBits - 3));
    return this.capacity * SLOT_BYTES + tables;
  }

  /** Adds a needle, without its blanks; it counts from the next `ready` on. */
  add(bytes: usize, length: i32): void {
    if (this.count === this.capacity) {
      this.capacity = grown(max(this.capacity, 32), this.count + 1);
      this.starts = reallocate(this.starts, this.count * SLOT_BYTES, this.capacity * SLOT_BYTES);
    }
    memory.copy(this.starts + this.count++ * SLOT_BYTES, bytes, min(length, MAX_WINDOW));
    this.shortest = min(this.shortest, length);
  }

  /** Takes in what was added. */
  ready(): void {
    if (this.entered === this.count) return;
    const window = this.shortest < BLOCK_BYTES ? 0 : this.shortest;
    const perNeedle = max(1, window - BLOCK_BYTES + 1);
    const blockBits = bitsFor(this.count * perNeedle);
    const windowBits = bitsFor(this.count);
    if (window !== this.window || blockBits > this.blockBits || windowBits > this.windowBits) {
      if (this.blocks !== 0) {
        release(this.blocks, 1 << (this.blockBits - 3));
        release(this.windows, 1 << (this.windowBits - 3));
      }
      this.window = window;
      this.stride = perNeedle;
      this.blockBits = blockBits;
      this.windowBits = windowBits;
      this.blocks = allocate(1 << (blockBits - 3));
      this.windows = allocate(1 << (windowBits - 3));
      this.entered = 0;
    }
    for (; this.entered < this.count; this.entered++) {
      if (window !== 0) this.enter(this.starts + this.entered * SLOT_BYTES);
    }
  }

  /** Whether a needle may begin with the `window` bytes at `at`. */
  hasWindow(at: usize): bool {
    const hash = this.hashOf(at);
    const shift = 64 - this.windowBits;
    return (
      hasBit(this.windows, <u32>(hash >> shift)) &&
      hasBit(this.windows, <u32>((hash * FIRST_MULTIPLIER) >> shift)) &&
      hasBit(this.windows, <u32>((hash * THIRD_MULTIPLIER) >> shift))
    );
  }

  private enter(start: usize): void {
    for (let at = 0; at <= this.window - BLOCK_BYTES; at++) {
      setBit(this.blocks, blockPlace(load<u32>(start + at), this.blockBits));
    }
    const hash = this.hashOf(start);
    const shift = 64 - this.windowBits;
    setBit(this.windows, <u32>(hash >> shift));
    setBit(this.windows, <u32>((hash * FIRST_MULTIPLIER) >> shift));
    setBit(this.windows, <u32>((hash * THIRD_MULTIPLIER) >> shift));
  }

  /** Of the first and the last bytes of a window, which overlap or meet. */
  private hashOf(at: usize): u64 {
    const window = this.window;
    if (window >= 8) {
      const mixed = load<u64>(at) * FIRST_MULTIPLIER;
      return (mixed ^ (mixed >> 32) ^ load<u64>(at + window - 8)) * SECOND_MULTIPLIER;
    }
    const ends = ((<u64>load<u32>(at)) << 32) | <u64>load<u32>(at + window - 4);
    return (ends ^ (ends >> 29)) * FIRST_MULTIPLIER;
  }
}

/** Whether the 4 bytes at `at` are in the window of some needle, by `blocks` of a filter. */
export function hasBlock(blocks: usize, blockBits: u32, at: usize): bool {
  return hasBit(blocks, blockPlace(load<u32>(at), blockBits));
}

/** The bit of a block in a table of so many bits (a power of two). */
export function blockPlace(block: u32, bits: u32): u32 {
  return (block * BLOCK_MULTIPLIER) >> (32 - bits);
}

function bitsFor(count: i32): u32 {
  const bits = 32 - clz<u32>(<u32>count * SPARSITY);
  return min(MAX_TABLE_BITS, max(MIN_TABLE_BITS, bits));
}

export function hasBit(table: usize, bit: u32): bool {
  return ((load<u32>(table + (bit >> 5) * 4) >> (bit & 31)) & 1) !== 0;
}

function setBit(table: usize, bit: u32): void {
  const word = table + (bit >> 5) * 4;
  store<u32>(word, load<u32>(word) | (1 << (bit & 31)));
}
