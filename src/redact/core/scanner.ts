import { characterBytes, compress, csiEnd, escapeEnd, MAX_ESCAPE_BYTES } from './blocks';
import { allocate, reallocate } from './buffer';
import { BLOCK_BYTES, blockPlace, GramFilter, hasBit, hasBlock } from './gram-filter';
import { opensString } from './sight';
import { UNDO_BYTES } from './watcher';

/*
 * Skips what needs no looking at: runs ahead of a stream through plain text and ordinary escape sequences,
 * copies what is visible and no blank into a text of its own, and asks the filter about that. Where a
 * needle may begin, or where something is that it does not understand, the stream goes on byte by byte
 * a little before, in the state in which it would be there anyway.
 */

const BLANK: u8 = 0x20;
const DELETE: u8 = 0x7f;
const BACKSPACE: u8 = 0x08;
const LINE_FEED: u8 = 0x0a;
const CARRIAGE_RETURN: u8 = 0x0d;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;
const ESCAPE: u8 = 0x1b;
/** How much is run ahead before the filter is asked: little first, since a needle may be near. */
const FIRST_TILE: i32 = 128;
const MAX_TILE: i32 = 2048;
/** An attempt is given up after so many bytes with next to no text in them. */
const MAX_IDLE_BYTES: i32 = 512;
/** A place to find the way back from is kept so often. */
const MARK_BYTES: i32 = 64;
const SLACK_BYTES: i32 = 16;

/** A place in the stream between two characters, with nothing open. */
@unmanaged
class Mark {
  /** Offset of the byte. */
  raw: i32;
  /** How many characters of the text lie before it. */
  text: i32;
  /** Bytes of visible text since the scan began or, if a line began since, since that. */
  column: i32;
  newLine: bool;
}

const MARK_SIZE: i32 = <i32>offsetof<Mark>();

@unmanaged
export class Scanner {
  /** At the place that `scan` gave: see Mark. */
  column: i32 = 0;
  newLine: bool = false;
  /** There is no visible text between `at` and that place: what was live still is. */
  textless: bool = false;
  filter: GramFilter;
  bytes: usize = 0;
  /** What is visible and no blank. */
  text: usize = 0;
  textCapacity: i32 = 0;
  length: i32 = 0;
  /** Place in `text` up to which the filter was asked. */
  asked: i32 = 0;
  marks: usize = 0;
  markCount: i32 = 0;
  markCapacity: i32 = 16;
  nextMark: i32 = 0;
  /** Offset of the last escape sequence if a needle may begin in it and end in the text after it; -1: none. */
  escape: i32 = -1;
  escapeEnd: i32 = 0;
  /** How many characters of the text come before it, and how many after it make it long enough for a needle. */
  escapeText: i32 = 0;
  escapeNeed: i32 = 0;
  escapeBytes: usize = 0;
  /** Offset of the first one. */
  firstEscape: i32 = -1;
  /** The walk cannot go on. */
  stopped: bool = false;

  constructor(filter: GramFilter) {
    this.filter = filter;
    this.marks = allocate(this.markCapacity * MARK_SIZE);
    this.escapeBytes = allocate(MAX_ESCAPE_BYTES + 64);
  }

  /**
   * Runs ahead from offset `at` of `bytes`, before `to`, and gives the offset to go on from: `at` or less if
   * nothing can be skipped. It looks again from offset `from` on, where live prefixes, if there are any, or an
   * escape sequence began. `live`: a mask may yet begin before `at`.
   */
  scan(bytes: usize, from: i32, at: i32, to: i32, live: bool): i32 {
    if (to - from + SLACK_BYTES > this.textCapacity) {
      this.textCapacity = to - from + SLACK_BYTES;
      this.text = reallocate(this.text, this.length, this.textCapacity);
    }
    this.bytes = bytes;
    this.length = 0;
    this.asked = 0;
    this.markCount = 0;
    this.nextMark = at;
    this.escape = -1;
    this.stopped = false;
    if (from < at && this.walk(from, at, at) !== at) return at;
    this.column = 0;
    this.newLine = false;
    this.firstEscape = -1;
    const first = this.length;
    // What is shorter than a window at the end may yet begin a needle; and backspaces may strike it out.
    const window = this.filter.window;
    const unsure = max(2 * window, window + UNDO_BYTES + 2);
    let tile = FIRST_TILE;
    let raw = at;
    let hit = -1;
    while (raw < to && !this.stopped) {
      raw = this.walk(raw, min(to, raw + tile), to);
      hit = this.ask();
      if (hit !== -1) break;
      if (this.escape !== -1 && this.length - this.escapeText >= window && !this.askEscape()) break;
      if (raw - at > MAX_IDLE_BYTES && this.length - first < unsure) break;
      tile = min(tile * 2, MAX_TILE);
    }
    this.textless = this.length === first;
    if (this.textless) return this.endOfControls(at, raw, live);
    // The character before a needle may hold bits of its value.
    let resume = hit === -1 ? this.length - unsure : min(hit - 1, this.length - UNDO_BYTES - 2);
    if (this.escape !== -1) resume = min(resume, this.escapeText - 1);
    return resume <= first ? at : this.backTo(resume);
  }

  /** How far from `at` to `raw`, where no text is, the stream can go on without a look. */
  private endOfControls(at: i32, raw: i32, live: bool): i32 {
    // Escapes that a mask may yet cover are for the stream to see.
    let end = raw;
    if (this.escape !== -1) end = this.escape;
    if (live && this.firstEscape !== -1) end = this.firstEscape;
    this.newLine = false;
    for (let n = at; n < end; n++) {
      const byte = load<u8>(this.bytes + n);
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) this.newLine = true;
    }
    return end;
  }

  /**
   * Walks from `raw`, where nothing is open, until `end` or a little farther, at most `to`. Stops where it meets
   * what it does not understand.
   */
  private walk(raw: i32, end: i32, to: i32): i32 {
    const bytes = this.bytes;
    // In variables: what is read back from memory right after it was written takes its time.
    let text = this.text + this.length;
    let column = this.column;
    let at = raw;
    while (at < end) {
      if (at >= this.nextMark) {
        this.length = <i32>(text - this.text);
        this.column = column;
        this.mark(at);
      }
      if (at + 16 <= to) {
        const block = v128.load(bytes + at);
        const blank = i8x16.splat(0x20);
        // Signed: what is beyond ASCII is below.
        const low = i8x16.lt_s(block, blank);
        const hidden = i8x16.bitmask(v128.or(low, i8x16.eq(block, i8x16.splat(0x7f))));
        const solid = i8x16.bitmask(i8x16.gt_s(block, blank));
        if (hidden === 0) {
          text += compress(text, block, solid);
          column += 16;
          at += 16;
          continue;
        }
        const count = ctz<i32>(hidden);
        text += compress(text, block, solid & ((1 << count) - 1));
        column += count;
        at += count;
        const byte = load<u8>(bytes + at);
        if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
          column = 0;
          this.newLine = true;
          at++;
          continue;
        }
        if (byte === ESCAPE) {
          const end = csiEnd(bytes, at, to);
          if (end !== 0) {
            this.length = <i32>(text - this.text);
            if (!this.passEscape(at, end, false)) {
              this.column = column;
              return this.stop(at);
            }
            at = end;
            continue;
          }
        }
      }
      this.length = <i32>(text - this.text);
      this.column = column;
      at = this.walkOne(at, to);
      if (this.stopped) return at;
      text = this.text + this.length;
      column = this.column;
    }
    this.length = <i32>(text - this.text);
    this.column = column;
    return at;
  }

  /** Takes in one character or escape sequence. */
  private walkOne(at: i32, to: i32): i32 {
    const byte = load<u8>(this.bytes + at);
    if (byte >= 0x80) {
      const count = characterBytes(this.bytes, at, to);
      if (count === 0) return this.stop(at);
      for (let n = 0; n < count; n++) this.keepByte(load<u8>(this.bytes + at + n));
      this.column += count;
      return at + count;
    }
    if (byte > BLANK && byte !== DELETE) this.keepByte(byte);
    if (byte >= BLANK) {
      if (byte !== DELETE) this.column++;
      return at + 1;
    }
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
      this.column = 0;
      this.newLine = true;
      return at + 1;
    }
    if (byte === BACKSPACE || byte === SHIFT_OUT || byte === SHIFT_IN) return this.stop(at);
    if (byte !== ESCAPE) return at + 1;
    const end = escapeEnd(this.bytes, at, to);
    if (end === 0) return this.stop(at);
    const string = opensString(load<u8>(this.bytes + at + 1));
    return this.passEscape(at, end, string) ? end : this.stop(at);
  }

  /** Takes note of an escape sequence; false if a needle may begin in the one before. */
  private passEscape(at: i32, end: i32, string: bool): bool {
    if (this.escape !== -1) {
      const enough = this.length - this.escapeText >= this.escapeNeed;
      if (enough && !this.askEscape()) return false;
      this.escape = -1;
    }
    if (this.firstEscape === -1) this.firstEscape = at;
    const need = this.filter.window - (end - at - 1);
    // Nothing joins what is inside a string with the text after it.
    if (need > 0 && string) return true;
    this.escape = at;
    this.escapeEnd = end;
    this.escapeText = this.length;
    this.escapeNeed = need;
    return true;
  }

  @inline private keepByte(byte: u8): void {
    store<u8>(this.text + this.length++, byte);
  }

  private stop(at: i32): i32 {
    this.stopped = true;
    return at;
  }

  /** Place in the text where a needle may begin, the first such; -1: none as far as can be told. */
  private ask(): i32 {
    const filter = this.filter;
    const window = filter.window;
    const stride = filter.stride;
    const blocks = filter.blocks;
    const blockBits = filter.blockBits;
    const text = this.text;
    const last = this.length - window;
    let at = this.asked;
    for (; at <= last; at += stride) {
      if (!hasBlock(blocks, blockBits, text + at)) continue;
      for (let start = max(0, at - (window - BLOCK_BYTES)); start <= at; start++) {
        if (filter.hasWindow(this.text + start)) return start;
      }
    }
    this.asked = at;
    return -1;
  }

  /**
   * Asks whether a needle may begin in the last escape sequence: who reads the bytes sees them too. True, and
   * done with it, if none does.
   */
  private askEscape(): bool {
    const filter = this.filter;
    const window = filter.window;
    // Wherever such a needle begins, the block around the end of the sequence is one of its window.
    const last = load<u8>(this.bytes + this.escapeEnd - 1);
    const short = this.escapeEnd - this.escape - 1 <= filter.stride;
    if (
      short &&
      last > BLANK &&
      last < DELETE &&
      this.length - this.escapeText >= BLOCK_BYTES - 1
    ) {
      const block = <u32>last | (load<u32>(this.text + this.escapeText) << 8);
      if (!hasBit(filter.blocks, blockPlace(block, filter.blockBits))) {
        this.escape = -1;
        return true;
      }
    }
    const follows = min(this.length - this.escapeText, window - 1);
    let kept = 0;
    for (let at = this.escape + 1; at < this.escapeEnd; at += 16) {
      const block = v128.load(this.bytes + at);
      const shown = i8x16.bitmask(i8x16.gt_s(block, i8x16.splat(0x20)));
      const left = min(this.escapeEnd - at, 16);
      kept += compress(this.escapeBytes + kept, block, shown & ((1 << left) - 1));
    }
    // Both have room for a block more.
    v128.store(this.escapeBytes + kept, v128.load(this.text + this.escapeText));
    const length = kept + follows;
    for (let at = 0; at + BLOCK_BYTES <= length; at += filter.stride) {
      if (!hasBlock(filter.blocks, filter.blockBits, this.escapeBytes + at)) continue;
      const end = min(min(at, kept - 1), length - window);
      for (let start = max(0, at - (window - BLOCK_BYTES)); start <= end; start++) {
        if (filter.hasWindow(this.escapeBytes + start)) return false;
      }
    }
    this.escape = -1;
    return true;
  }

  private mark(at: i32): void {
    if (this.markCount === this.markCapacity) {
      this.markCapacity *= 2;
      this.marks = reallocate(
        this.marks,
        this.markCount * MARK_SIZE,
        this.markCapacity * MARK_SIZE,
      );
    }
    const mark = this.markAt(this.markCount++);
    mark.raw = at;
    mark.text = this.length;
    mark.column = this.column;
    mark.newLine = this.newLine;
    this.nextMark = at + MARK_BYTES;
  }

  @inline private markAt(number: i32): Mark {
    return changetype<Mark>(this.marks + number * MARK_SIZE);
  }

  /** Gives the offset of a character of the text, of its first byte, and sets what is known there. */
  private backTo(place: i32): i32 {
    let number = this.markCount - 1;
    while (this.markAt(number).text > place) number--;
    const mark = this.markAt(number);
    this.column = mark.column;
    this.newLine = mark.newLine;
    let raw = mark.raw;
    let text = mark.text;
    while (true) {
      const byte = load<u8>(this.bytes + raw);
      let count = 1;
      if (byte >= 0x80) count = characterBytes(this.bytes, raw, raw + 4);
      if (byte > BLANK && byte !== DELETE) {
        if (text + count > place) return raw;
        text += count;
      }
      if (byte >= BLANK) {
        if (byte !== DELETE) this.column += count;
        raw += count;
      } else if (byte === ESCAPE) {
        raw = escapeEnd(this.bytes, raw, raw + MAX_ESCAPE_BYTES);
      } else {
        if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
          this.column = 0;
          this.newLine = true;
        }
        raw++;
      }
    }
  }
}
