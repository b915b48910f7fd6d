import type { FormChoice } from './encodings.ts';
import { NeedleSet } from './needles.ts';
import { Outlet } from './outlet.ts';
import { Sight, Token } from './sight.ts';
import { UNDO_BYTES, Watcher } from './watcher.ts';

export { NeedleSet } from './needles.ts';

const DEFAULT_MASK = '***';
/** Work is done in slices of this size, so that memory does not follow the size of a chunk. */
const SLICE_BYTES = 32 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;
const NOWHERE = -1;
/** Shorter runs of text are looked at byte by byte. */
const MIN_RUN_BYTES = 32;
/** So many bytes are looked at between two attempts to skip. */
const LOOK_BYTES = 8;

export interface RedactorOptions {
  readonly mask?: string;
  readonly forms?: FormChoice;
  /** Needles shared with other streams; `forms` is then theirs. */
  readonly needles?: NeedleSet;
}

/**
 * Masks values in a stream of bytes, in whatever form and through whatever escapes they come.
 *
 * Only bytes that may still turn out to be part of a value are held back. Any chunking gives the
 * same bytes as one write. What lies farther apart in the stream than 64 KiB (of escapes, line ends
 * and blanks) is not taken for one value: so memory stays bounded, and a flood of them flows.
 */
export class Redactor {
  readonly #needles: NeedleSet;
  readonly #outlet: Outlet;
  readonly #sight = new Sight();
  /** The text on the screen. */
  readonly #text: Watcher;
  /** The bytes of an escape sequence as a text of their own: titles, links, clipboard. */
  readonly #inner: Watcher;
  #innerOn = false;
  /** Place after the last byte that was part of an escape sequence. */
  #escapeEnd = 0;
  /** Place after a value whose own last byte is a line feed: that one may belong to the mask. */
  #closing = NOWHERE;
  #closed = false;

  constructor(options: RedactorOptions = {}) {
    this.#needles =
      options.needles ?? new NeedleSet(options.forms === undefined ? {} : { forms: options.forms });
    this.#outlet = new Outlet(Buffer.from(options.mask ?? DEFAULT_MASK, 'utf8'));
    this.#text = new Watcher(this.#needles, UNDO_BYTES, (start, end) =>
      this.#foundText(start, end),
    );
    this.#inner = new Watcher(this.#needles, 0, (...found) => this.#foundInner(...found));
  }

  /** Has a value masked from the next byte written on. RangeError for one under 4 bytes. */
  add(secret: { name: string; value: string | Uint8Array }): void {
    this.#needles.add(secret);
  }

  /** Takes in output; returns what may be shown now, which the caller owns. */
  write(chunk: Uint8Array): Uint8Array {
    this.#needles.ready();
    for (let from = 0; from < chunk.length; from += SLICE_BYTES) {
      const slice = chunk.subarray(from, from + SLICE_BYTES);
      const start = this.#outlet.end;
      this.#outlet.append(slice);
      this.#scan(slice, start);
      this.#outlet.release(this.#liveFrom());
      this.#text.trim();
      this.#inner.trim();
    }
    return this.#outlet.take();
  }

  /**
   * Nothing came for a while: gives of the held bytes what may be shown. Of any value that is at
   * most its first 4 bytes and a quarter of it; the rest is still masked when it comes.
   */
  release(): Uint8Array {
    this.#needles.ready();
    this.#closing = NOWHERE;
    this.#closed = false;
    this.#outlet.release(Math.min(this.#text.secretFrom(), this.#inner.secretFrom()));
    return this.#outlet.take();
  }

  /** Gives the rest: nothing follows that could complete a value. */
  end(): Uint8Array {
    this.#needles.ready();
    if (this.#closed) this.#maskClosing();
    this.#outlet.release(Infinity);
    this.#text.reset();
    this.#inner.reset();
    return this.#outlet.take();
  }

  #scan(slice: Uint8Array, start: number): void {
    for (let n = 0; n < slice.length; n++) {
      const byte = slice[n] ?? 0;
      const at = start + n;
      if (byte >= 0x20 && byte < 0x7f && this.#sight.plain && !this.#innerOn) {
        const end = this.#scanRun(slice, n, start);
        if (end > n) {
          n = end - 1;
          continue;
        }
      }
      if (this.#closing !== NOWHERE) this.#close(byte, at);
      this.#takeIn(this.#sight.take(byte), byte, at);
      if (at > this.#text.reviewAt) this.#text.limitGap(at);
      if (this.#innerOn && at > this.#inner.reviewAt) this.#inner.limitGap(at);
    }
  }

  /**
   * Takes in a run of printable ASCII, skipping what cannot begin a needle; returns its end, or
   * `from` if it is too short to bother.
   */
  #scanRun(slice: Uint8Array, from: number, start: number): number {
    const end = runEnd(slice, from);
    if (end - from < MIN_RUN_BYTES) return from;
    // The last characters may be struck out by what follows, unless that begins a new line:
    // nothing is concluded from them.
    const sure = isLineEnd(slice[end]) ? end : end - UNDO_BYTES;
    let tryAt = from + LOOK_BYTES;
    for (let n = from; n < end; n++) {
      if (n >= tryAt && n < sure) {
        const next = this.#skip(slice, from, n, sure, start);
        tryAt = Math.max(n, next) + LOOK_BYTES;
        if (next > n) n = next;
      }
      const at = start + n;
      if (this.#closing !== NOWHERE) this.#close(slice[n] ?? 0, at);
      this.#text.push(slice[n] ?? 0, at);
      if (at > this.#text.reviewAt) this.#text.limitGap(at);
    }
    return end;
  }

  /** Skips from `n` as far as it can; the place to go on from, at most `sure`. */
  #skip(slice: Uint8Array, first: number, n: number, sure: number, start: number): number {
    const live = this.#text.shallowFrom() - start;
    if (live === Infinity || live <= first) return n;
    let next = this.#needles.skip.next(slice, live, sure) - 1;
    // The character before a needle may hold bits of its value; blanks may stand between.
    while (next > n && slice[next] === BLANK) next--;
    if (next <= n) return n;
    this.#text.jump(next - n);
    return next;
  }

  #takeIn(token: Token, byte: number, at: number): void {
    switch (token) {
      case Token.text:
        this.#text.push(byte, at);
        if (this.#innerOn) this.#afterEscape(byte, at);
        return;
      case Token.control:
        if (isLineEnd(byte)) this.#text.startLine();
        return;
      case Token.erase:
        this.#text.erase();
        return;
      case Token.escapeStart:
        this.#outlet.markEscape(at);
        this.#inner.reset();
        this.#innerOn = true;
        return;
      case Token.stringEdge:
        // The payload is a text of its own: nothing joins it with what is outside.
        this.#outlet.markEscape(at);
        this.#inner.reset();
        this.#innerOn = this.#sight.inString;
        return;
      case Token.payload:
      case Token.escape:
        this.#outlet.markEscape(at);
        if (!this.#innerOn || byte < 0x20) return;
        this.#escapeEnd = at + 1;
        this.#inner.push(byte, at);
    }
  }

  /**
   * A terminal eats the letter after a lone ESC, but who reads the bytes sees the value whole: so
   * what began inside an escape sequence is followed into the text after it.
   */
  #afterEscape(byte: number, at: number): void {
    this.#inner.push(byte, at);
    const from = this.#inner.liveFrom();
    if (from >= this.#escapeEnd) {
      this.#inner.reset();
      this.#innerOn = false;
    }
  }

  #foundText(start: number, end: number): void {
    this.#outlet.text.add(start, end);
    const { flat } = this.#text;
    this.#closing = this.#needles.closesLine(flat.state, end - start) ? end : NOWHERE;
    this.#closed = false;
  }

  #foundInner(start: number, end: number, first: number): void {
    // What begins in the text is found there.
    if (first >= this.#escapeEnd) return;
    this.#outlet.inner.add(start, end);
  }

  /**
   * The line feed that a value ends in belongs to the mask, unless it alone keeps the mask and the
   * text after it on lines of their own.
   */
  #close(byte: number, at: number): void {
    if (byte === LINE_FEED && at === this.#closing) {
      this.#closed = true;
      return;
    }
    if (byte === LINE_FEED && this.#closed) this.#maskClosing();
    this.#closing = NOWHERE;
    this.#closed = false;
  }

  #maskClosing(): void {
    this.#outlet.text.add(this.#closing - 1, this.#closing + 1);
    this.#closing = NOWHERE;
    this.#closed = false;
  }

  #liveFrom(): number {
    return Math.min(
      this.#text.liveFrom(),
      this.#innerOn ? this.#inner.liveFrom() : Infinity,
      this.#closed ? this.#closing : Infinity,
    );
  }
}

function runEnd(slice: Uint8Array, from: number): number {
  let at = from;
  while (at < slice.length) {
    const byte = slice[at] ?? 0;
    if (byte < 0x20 || byte > 0x7e) break;
    at++;
  }
  return at;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN;
}
