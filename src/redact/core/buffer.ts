/*
 * Memory outside of any collector: what a block held is overwritten when it moves or goes, since it may
 * be part of a value.
 */

/** Gives a block of `bytes` zeroes. */
export function allocate(bytes: usize): usize {
  const block = heap.alloc(bytes);
  memory.fill(block, 0, bytes);
  return block;
}

/** Moves the first `used` bytes of a block (0: there is none yet) into one of `bytes`. */
export function reallocate(block: usize, used: usize, bytes: usize): usize {
  const moved = allocate(bytes);
  if (block === 0) return moved;
  memory.copy(moved, block, used);
  release(block, used);
  return moved;
}

/** Gives back a block of which `used` bytes were written; 0 is no block. */
export function release(block: usize, used: usize): void {
  if (block === 0) return;
  memory.fill(block, 0, used);
  heap.free(block);
}

/** Twice the capacity, or what is needed. */
export function grown(capacity: i32, needed: i32): i32 {
  return max(needed, capacity * 2);
}
