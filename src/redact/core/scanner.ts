import {
  above,
  beyond,
  bitsOf,
  MASK_BITS,
  characterBytes,
  characterLength,
  compress,
  escapeEnd,
  endsLine,
  hides,
  lastOfEscape,
  lowest,
  MAX_ESCAPE_BYTES,
} from './blocks';
import { allocate, grown, reallocate } from './buffer';
import { Escapes } from './escapes';
import { BLOCK_BYTES, GramFilter, hasBlock } from './gram-filter';
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
  /** Those walked over. */
  escapes: Escapes;
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
  /** Offset of the first escape sequence of all. */
  firstEscape: i32 = -1;
  /** There are other bytes near than lines of printable ASCII. */
  mixed: bool = false;
  /** The walk cannot go on. */
  stopped: bool = false;

  constructor(filter: GramFilter) {
    this.filter = filter;
    this.escapes = new Escapes(filter);
    this.marks = allocate(this.markCapacity * MARK_SIZE);
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
    const escapes = this.escapes;
    this.bytes = bytes;
    this.length = 0;
    this.asked = 0;
    this.markCount = 0;
    this.nextMark = at;
    escapes.clear();
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
      const known = escapes.count;
      raw = this.walk(raw, min(to, raw + tile), to);
      if (this.firstEscape === -1 && escapes.count > known) {
        this.firstEscape = escapes.at(known).start;
      }
      hit = this.ask();
      if (escapes.count > 0 && !escapes.ask(bytes, this.text, this.length)) break;
      if (hit !== -1) break;
      if (raw - at > MAX_IDLE_BYTES && this.length - first < unsure) break;
      tile = min(tile * 2, MAX_TILE);
    }
    this.textless = this.length === first;
    if (this.textless) return this.endOfControls(at, raw, live);
    // The character before a needle may hold bits of its value.
    let resume = hit === -1 ? this.length - unsure : min(hit - 1, this.length - UNDO_BYTES - 2);
    if (escapes.open !== -1) resume = min(resume, escapes.openText - 1);
    return resume <= first ? at : this.backTo(resume);
  }

  /** How far from `at` to `raw`, where no text is, the stream can go on without a look. */
  private endOfControls(at: i32, raw: i32, live: bool): i32 {
    // Escapes that a mask may yet cover are for the stream to see.
    let end = raw;
    if (this.escapes.open !== -1) end = this.escapes.open;
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
    this.reserve(end - raw + MASK_BITS);
    let at = raw;
    while (at < end && !this.stopped) {
      if (!this.mixed) at = this.walkLines(at, end, to);
      if (at >= end) break;
      if (at >= this.nextMark) this.mark(at);
      const next = this.walkMixed(at, to);
      at = next === at ? this.walkEscape(at, to) : next;
    }
    return at;
  }

  /** Walks over lines of printable ASCII, until `end` or a little farther or near `to`. */
  private walkLines(raw: i32, end: i32, to: i32): i32 {
    const bytes = this.bytes;
    const last = min(end - 1, to - 16);
    // In variables: what is read back from memory right after it was written takes its time.
    let text = this.text + this.length;
    let column = this.column;
    let at = raw;
    while (at <= last) {
      if (at >= this.nextMark) {
        this.length = <i32>(text - this.text);
        this.column = column;
        this.mark(at);
      }
      const block = v128.load(bytes + at);
      const hidden = i8x16.bitmask(hides(block));
      const solid = i8x16.bitmask(i8x16.gt_s(block, i8x16.splat(0x20)));
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
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) break;
      column = 0;
      this.newLine = true;
      at++;
    }
    this.length = <i32>(text - this.text);
    this.column = column;
    return at;
  }

  /** Walks over 64 bytes, or up to the escape sequence or character that reaches beyond them. */
  private walkMixed(at: i32, to: i32): i32 {
    const bytes = this.bytes + at;
    const first = v128.load(bytes);
    const second = v128.load(bytes, 16);
    const third = v128.load(bytes, 32);
    const fourth = v128.load(bytes, 48);
    const size = min(to - at, MASK_BITS);
    const here = ~above(size);
    const solid = beyond(<i8>BLANK, first, second, third, fourth);
    const hidden = here & bitsOf(hides(first), hides(second), hides(third), hides(fourth));
    const lines =
      here & bitsOf(endsLine(first), endsLine(second), endsLine(third), endsLine(fourth));
    let open = hidden & ~lines;
    this.mixed = open !== 0;
    let shown = here & ~hidden;
    let kept = solid & shown;
    let walked = here;
    // Found out when it is needed: what is from 0x40 on, and what goes on with a character.
    let high: u64 = 0;
    let follows: u64 = 0;
    const length = this.length;
    const escapes = this.escapes;
    while (open !== 0) {
      const bit = lowest(open);
      const place = <i32>ctz(bit);
      const byte = load<u8>(bytes + place);
      let last = bit;
      if (byte === ESCAPE) {
        if (high === 0) high = here & beyond(0x3f, first, second, third, fourth);
        last = lastOfEscape(bytes, bit, here, hidden, high);
        if (last === 0) {
          walked = bit - 1;
          break;
        }
        const outside = (bit - 1) | ~((last << 1) - 1);
        shown &= outside;
        kept &= outside;
        const text = length + <i32>popcnt(kept & (bit - 1));
        escapes.add(at + place, at + <i32>ctz(last) + 1, text);
      } else if (byte >= 0x80) {
        if (follows === 0) follows = ~beyond(-65, first, second, third, fourth);
        const count = characterLength(byte);
        last = count === 0 ? 0 : here & (bit << (count - 1));
        const rest = (last << 1) - (bit << 1);
        if (last === 0 || (follows & rest) !== rest) {
          walked = bit - 1;
          break;
        }
        shown |= bit | rest;
        kept |= bit | rest;
      } else if (byte === BACKSPACE || byte === SHIFT_OUT || byte === SHIFT_IN) {
        walked = bit - 1;
        break;
      }
      open &= ~((last << 1) - 1);
    }
    shown &= walked;
    kept &= walked;
    const ends = lines & walked;
    if (ends === 0) {
      this.column += <i32>popcnt(shown);
    } else {
      this.column = <i32>popcnt(shown & above(63 - <i32>clz(ends)));
      this.newLine = true;
    }
    let text = this.text + this.length;
    const from = text;
    text += compress(text, first, <i32>kept & 0xffff);
    text += compress(text, second, <i32>(kept >> 16) & 0xffff);
    text += compress(text, third, <i32>(kept >> 32) & 0xffff);
    text += compress(text, fourth, <i32>(kept >> 48));
    this.length += <i32>(text - from);
    return at + <i32>popcnt(walked);
  }

  /** Takes in an escape sequence that is too long for a mask, or a rare one; stops at anything else. */
  private walkEscape(at: i32, to: i32): i32 {
    const end = load<u8>(this.bytes + at) === ESCAPE ? escapeEnd(this.bytes, at, to) : 0;
    if (end === 0) {
      this.stopped = true;
      return at;
    }
    this.escapes.add(at, end, this.length);
    return end;
  }

  /** Makes room for what may be taken note of in so many bytes, so that nothing is called on the way. */
  private reserve(bytes: i32): void {
    const marks = this.markCount + bytes / MARK_BYTES + 2;
    if (marks > this.markCapacity) {
      const used = this.markCount * MARK_SIZE;
      this.markCapacity = grown(this.markCapacity, marks);
      this.marks = reallocate(this.marks, used, this.markCapacity * MARK_SIZE);
    }
    // The shortest has two bytes.
    this.escapes.reserve(bytes / 2 + 2);
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

  @inline private mark(at: i32): void {
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
