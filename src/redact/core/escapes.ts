import { compress, isSolid, MAX_ESCAPE_BYTES } from './blocks';
import { allocate, grown, reallocate } from './buffer';
import { BLOCK_BYTES, blockPlace, GramFilter, hasBit, hasBlock } from './gram-filter';
import { opensString } from './sight';

const BLANK: u8 = 0x20;
const DELETE: u8 = 0x7f;

/** An escape sequence in which a needle may begin that ends in the text after it: who reads the bytes sees both. */
@unmanaged
export class Escape {
  /** Offsets of its first byte and after its last. */
  start: i32;
  end: i32;
  /** How many characters of the text come before it. */
  text: i32;
}

const ESCAPE_SIZE: i32 = <i32>offsetof<Escape>();

/** The escape sequences that the scanner walked over and the filter was not asked about yet. */
@unmanaged
export class Escapes {
  count: i32 = 0;
  /** Offset of the last one if it still waits for text, or of the first one that a needle may begin in; -1: none. */
  open: i32 = -1;
  /** How many characters of the text come before that. */
  openText: i32 = 0;
  filter: GramFilter;
  items: usize = 0;
  capacity: i32 = 64;
  /** For what is visible of one and the text after it. */
  room: usize = 0;

  constructor(filter: GramFilter) {
    this.filter = filter;
    this.items = allocate(this.capacity * ESCAPE_SIZE);
    this.room = allocate(MAX_ESCAPE_BYTES + 64);
  }

  clear(): void {
    this.count = 0;
    this.open = -1;
  }

  /** Makes room for so many more. */
  reserve(count: i32): void {
    const needed = this.count + count;
    if (needed <= this.capacity) return;
    const used = this.count * ESCAPE_SIZE;
    this.capacity = grown(this.capacity, needed);
    this.items = reallocate(this.items, used, this.capacity * ESCAPE_SIZE);
  }

  /** Adds one, for which there is room. */
  @inline add(start: i32, end: i32, text: i32): void {
    const escape = this.at(this.count++);
    escape.start = start;
    escape.end = end;
    escape.text = text;
  }

  @inline at(number: i32): Escape {
    return changetype<Escape>(this.items + number * ESCAPE_SIZE);
  }

  /**
   * Asks about those that were added, of the stream at `bytes` with its `text`; false if a needle may begin in one of
   * them. The last one is kept for later while too little text follows it.
   */
  ask(bytes: usize, text: usize, textLength: i32): bool {
    const count = this.count;
    const filter = this.filter;
    const window = filter.window;
    const stride = filter.stride;
    const blocks = filter.blocks;
    const blockBits = filter.blockBits;
    this.clear();
    for (let number = 0; number < count; number++) {
      const escape = this.at(number);
      const length = escape.end - escape.start - 1;
      const last = number + 1 === count;
      let waits = false;
      if (opensString(load<u8>(bytes + escape.start + 1))) {
        // Nothing joins what is inside a string with the text after it.
        if (length < window || !this.mayBeginIn(escape, bytes, text, 0)) continue;
      } else {
        const follows = (last ? textLength : this.at(number + 1).text) - escape.text;
        waits = last && follows < window;
        if (!waits) {
          if (follows < window - length) continue;
          // Wherever such a needle begins, the block around the end of the sequence is one of its window.
          const end = load<u8>(bytes + escape.end - 1);
          if (length <= stride && end > BLANK && end < DELETE && follows >= BLOCK_BYTES - 1) {
            const block = <u32>end | (load<u32>(text + escape.text) << 8);
            if (!hasBit(blocks, blockPlace(block, blockBits))) continue;
          }
          if (!this.mayBeginIn(escape, bytes, text, min(follows, window - 1))) continue;
        }
      }
      this.open = escape.start;
      this.openText = escape.text;
      if (!waits) return false;
      memory.copy(this.items, changetype<usize>(escape), ESCAPE_SIZE);
      this.count = 1;
    }
    return true;
  }

  /** Whether a needle may begin in an escape sequence and end there or in so many characters of text after it. */
  private mayBeginIn(escape: Escape, source: usize, text: usize, follows: i32): bool {
    let bytes = source + escape.start + 1;
    let kept = escape.end - escape.start - 1;
    if (follows > 0 || !isSolid(bytes, kept)) {
      kept = 0;
      for (let at = escape.start + 1; at < escape.end; at += 16) {
        const block = v128.load(source + at);
        const shown = i8x16.bitmask(i8x16.gt_s(block, i8x16.splat(0x20)));
        const left = min(escape.end - at, 16);
        kept += compress(this.room + kept, block, shown & ((1 << left) - 1));
      }
      bytes = this.room;
      // Both have room for a block more.
      v128.store(bytes + kept, v128.load(text + escape.text));
    }
    const filter = this.filter;
    const window = filter.window;
    const length = kept + follows;
    for (let at = 0; at + BLOCK_BYTES <= length; at += filter.stride) {
      if (!hasBlock(filter.blocks, filter.blockBits, bytes + at)) continue;
      const end = min(min(at, kept - 1), length - window);
      for (let start = max(0, at - (window - BLOCK_BYTES)); start <= end; start++) {
        if (filter.hasWindow(bytes + start)) return true;
      }
    }
    return false;
  }
}
