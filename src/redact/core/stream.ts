import { Clipboard } from './clipboard';
import { Needles } from './needles';
import { Outlet } from './outlet';
import { Scanner } from './scanner';
import { Sight, Token } from './sight';
import { UNDO_BYTES, View, Watcher } from './watcher';

/** Work is done in slices of this size, so that memory does not follow the size of a chunk. */
const SLICE_BYTES: i32 = 32 * 1024;
const LINE_FEED: u8 = 0x0a;
const CARRIAGE_RETURN: u8 = 0x0d;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;
const NOWHERE: f64 = -1;
/** So many bytes are looked at between two attempts to skip: more when the last one brought nothing. */
const LOOK_BYTES: i32 = 16;
const MAX_LOOK_BYTES: i32 = 128;
/** An attempt that brings less than this was not worth it. */
const WORTH_BYTES: i32 = 64;
/** So much is looked at in one go, and so much is remembered before it is trimmed: both fit a near cache. */
const RUN_BYTES: i32 = 512;
const TRIM_LENGTH: i32 = 1024;
/** Live prefixes that began longer ago than this are not looked at again for an attempt. */
const MAX_RESTART_BYTES: f64 = 256;

/** One stream of bytes, in which values are masked (see ../redactor.ts). */
@unmanaged
export class Stream {
  needles: Needles;
  outlet: Outlet;
  scanner: Scanner;
  sight: Sight = new Sight();
  text!: Watcher;
  inner!: Watcher;
  clipboard!: Clipboard;
  innerOn: bool = false;
  /** Place of the last byte that began an escape sequence. */
  escapeStart: f64 = 0;
  /** Place after the last byte that was part of an escape sequence. */
  escapeEnd: f64 = 0;
  /** Place after a value whose own last byte is a line feed: that one may belong to the mask. */
  closing: f64 = NOWHERE;
  closed: bool = false;
  look: i32 = LOOK_BYTES;

  constructor(needles: Needles, scanner: Scanner, mask: usize, maskLength: i32, counted: bool) {
    this.needles = needles;
    this.scanner = scanner;
    this.outlet = new Outlet(mask, maskLength, needles.counts, counted);
    this.text = new Watcher(this, needles, View.text);
    this.inner = new Watcher(this, needles, View.inner);
    this.clipboard = new Clipboard(this, needles);
  }

  free(): void {
    this.outlet.free();
    this.text.free();
    this.inner.free();
    this.clipboard.free();
    heap.free(changetype<usize>(this.sight));
    heap.free(changetype<usize>(this));
  }

  /** To be called before a stream goes on: needles may have been added. */
  refresh(): void {
    this.needles.ready();
    this.text.refresh();
    this.inner.refresh();
    this.clipboard.watcher.refresh();
  }

  write(chunk: usize, length: i32): void {
    for (let from = 0; from < length; from += SLICE_BYTES) {
      const count = min(SLICE_BYTES, length - from);
      const start = this.outlet.end;
      this.refresh();
      this.outlet.append(chunk + from, count);
      this.scan(<i32>(start - this.outlet.origin), count, start);
      this.outlet.release(this.liveText(), this.liveInner());
      this.text.trim();
      this.inner.trim();
      this.clipboard.watcher.trim();
    }
  }

  /** Nothing came for a while: lets out of the held bytes what may be shown. */
  release(): void {
    this.refresh();
    this.closing = NOWHERE;
    this.closed = false;
    const inner = min(this.inner.secretFrom(), this.clipboard.watcher.secretFrom());
    this.outlet.release(this.text.secretFrom(), inner);
  }

  /** Lets out the rest. */
  end(): void {
    this.refresh();
    if (this.closed) this.maskClosing();
    this.outlet.release(Infinity, Infinity);
    this.text.reset();
    this.inner.reset();
    this.clipboard.watcher.reset();
  }

  /** Told of every stretch [start, end) that gives a value away, whose needle itself begins at `first`. */
  found(view: i32, start: f64, end: f64, first: f64, label: u32): void {
    if (view === View.text) {
      this.outlet.text.add(start, end, label);
      const closes = this.needles.flat.closesLine(this.text.flat.state, <u32>(end - start));
      this.closing = closes ? end : NOWHERE;
      this.closed = false;
    } else if (view === View.clipboard || first < this.escapeEnd) {
      // What begins in the text is found there.
      this.outlet.inner.add(start, end, label);
    }
  }

  private scan(offset: i32, count: i32, start: f64): void {
    const bytes = this.outlet.bytes + offset;
    let tryAt = 0;
    for (let n = 0; n < count; n++) {
      if (n >= tryAt && count - n >= WORTH_BYTES && this.sight.plain) {
        const next = this.skip(offset, n, count);
        this.look = next - n < WORTH_BYTES ? min(this.look * 2, MAX_LOOK_BYTES) : LOOK_BYTES;
        n = next;
        if (n === count) return;
        tryAt = n + this.look;
      }
      const at = start + n;
      if (this.sight.plain && !this.innerOn && this.closing === NOWHERE) {
        const most = min(tryAt > n ? tryAt : count, min(count, n + RUN_BYTES)) - n;
        const run = this.text.pushRun(bytes + n, most, at);
        if (run > 0) {
          if (this.text.flat.length > TRIM_LENGTH) this.text.trim();
          n += run - 1;
          continue;
        }
      }
      if (this.sight.inPayload && this.clipboard.idle) {
        const run = this.innerRun(offset + n, min(count - n, RUN_BYTES), at);
        if (run > 0) {
          n += run - 1;
          continue;
        }
      }
      const byte = load<u8>(bytes + n);
      if (this.closing !== NOWHERE) this.close(byte, at);
      this.takeIn(this.sight.take(byte), byte, at);
      if (at > this.text.reviewAt) this.text.limitGap(at);
      if (this.innerOn && at > this.inner.reviewAt) this.inner.limitGap(at);
    }
  }

  /** Skips from byte `n` of the slice at `offset` as far as it can; the byte to go on from. */
  private skip(offset: i32, n: i32, count: i32): i32 {
    const window = this.needles.filter.window;
    if (window === 0 || this.closing !== NOWHERE) return n;
    const at = this.outlet.origin + offset + n;
    const liveFrom = this.text.restartFrom(window, at);
    if (liveFrom === Infinity) return n;
    // The scanner then looks into the last escape sequence itself.
    const from = this.innerOn ? min(liveFrom, this.escapeStart) : liveFrom;
    if (from < this.outlet.origin || at - from > MAX_RESTART_BYTES) return n;
    const scanner = this.scanner;
    const restart = <i32>(from - this.outlet.origin);
    const first = offset + n;
    // A mask may yet begin in the text before: then it covers the escape sequences after it.
    const live = this.text.undo > 0 || this.text.liveFrom() !== Infinity;
    const next = scanner.scan(this.outlet.bytes, restart, first, offset + count, live) - offset;
    if (next <= n) return n;
    this.inner.reset();
    this.innerOn = false;
    const text = this.text;
    if (scanner.textless) {
      if (scanner.newLine) text.startLine();
    } else {
      const column = (scanner.newLine ? 0 : text.column) + scanner.column;
      const undo = (scanner.newLine ? 0 : text.undo) + min(scanner.column, UNDO_BYTES);
      text.jump(column, min(undo, UNDO_BYTES));
    }
    return next;
  }

  /** Takes in printable ASCII of a payload; gives how many of `count` bytes it took. */
  private innerRun(offset: i32, count: i32, at: f64): i32 {
    this.escapeEnd = at + count;
    const run = this.inner.pushRun(this.outlet.bytes + offset, count, at);
    this.escapeEnd = at + run;
    if (run === 0) return 0;
    memory.fill(this.outlet.escapes + offset, 1, run);
    this.sight.missingInString = 0;
    if (this.inner.flat.length > TRIM_LENGTH) this.inner.trim();
    return run;
  }

  private takeIn(token: i32, byte: u8, at: f64): void {
    switch (token) {
      case Token.text:
        this.text.push(byte, at);
        if (this.innerOn) this.afterEscape(byte, at);
        return;
      case Token.control:
        if (byte === LINE_FEED || byte === CARRIAGE_RETURN) this.text.startLine();
        return;
      case Token.erase:
        this.text.erase();
        return;
      case Token.escapeStart:
        this.escapeStart = at;
        this.outlet.markEscape(at);
        this.inner.reset();
        this.innerOn = true;
        return;
      case Token.stringEdge:
        // The payload is a text of its own: nothing joins it with what is outside.
        this.outlet.markEscape(at);
        this.inner.reset();
        this.innerOn = this.sight.inString;
        // A value may begin with the letter that opens a string: who reads the bytes sees it whole.
        if (this.innerOn && byte > ESCAPE && byte < DELETE) this.pushInner(byte, at);
        this.clipboard.edge(byte, this.innerOn);
        return;
      default:
        this.outlet.markEscape(at);
        if (!this.innerOn || byte < 0x20) return;
        this.pushInner(byte, at);
        this.clipboard.take(byte, at);
    }
  }

  private pushInner(byte: u8, at: f64): void {
    this.escapeEnd = at + 1;
    this.inner.push(byte, at);
  }

  /**
   * A terminal eats the letter after a lone ESC, but who reads the bytes sees the value whole: so
   * what began inside an escape sequence is followed into the text after it.
   */
  private afterEscape(byte: u8, at: f64): void {
    this.inner.push(byte, at);
    const from = this.inner.liveFrom();
    if (from >= this.escapeEnd) {
      this.inner.reset();
      this.innerOn = false;
    }
  }

  /**
   * The line feed that a value ends in belongs to the mask, unless it alone keeps the mask and the
   * text after it on lines of their own.
   */
  private close(byte: u8, at: f64): void {
    if (byte === LINE_FEED && at === this.closing) {
      this.closed = true;
      return;
    }
    if (byte === LINE_FEED && this.closed) this.maskClosing();
    this.closing = NOWHERE;
    this.closed = false;
  }

  private maskClosing(): void {
    this.outlet.text.add(this.closing - 1, this.closing + 1, 0);
    this.closing = NOWHERE;
    this.closed = false;
  }

  private liveInner(): f64 {
    const inner = this.innerOn ? this.inner.liveFrom() : Infinity;
    return min(inner, this.clipboard.watcher.liveFrom());
  }

  private liveText(): f64 {
    return min(this.text.liveFrom(), this.closed ? this.closing : Infinity);
  }
}
