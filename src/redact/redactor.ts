import type { FormChoice } from './encodings.ts';
import { NeedleSet } from './needles.ts';
import { Outlet } from './outlet.ts';
import { Sight, Token } from './sight.ts';
import { Watcher } from './watcher.ts';

export { NeedleSet } from './needles.ts';

const DEFAULT_MASK = '***';
/** Work is done in slices of this size, so that memory does not follow the size of a chunk. */
const SLICE_BYTES = 32 * 1024;
const LINE_FEED = 0x0a;
const NOWHERE = -1;

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
    this.#text = new Watcher(this.#needles, (start, end) => this.#foundText(start, end));
    this.#inner = new Watcher(this.#needles, (...found) => this.#foundInner(...found));
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
      if (this.#closing !== NOWHERE) this.#close(byte, at);
      this.#takeIn(this.#sight.take(byte), byte, at);
      if (at > this.#text.reviewAt) this.#text.limitGap(at);
      if (this.#innerOn && at > this.#inner.reviewAt) this.#inner.limitGap(at);
    }
  }

  #takeIn(token: Token, byte: number, at: number): void {
    switch (token) {
      case Token.text:
        this.#text.push(byte, at);
        if (this.#innerOn) this.#afterEscape(byte, at);
        return;
      case Token.control:
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
