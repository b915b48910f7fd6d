import { grown } from './automaton.ts';

const FIRST_CAPACITY = 4096;

/**
 * The bytes of a stream that are not out yet, by their place in the stream, and what is to be
 * masked among them.
 */
export class Outlet {
  /** Stretches of visible text to mask: escapes in them are kept. */
  readonly text = new Stretches();
  /** Stretches of escape sequences and their payloads to mask whole. */
  readonly inner = new Stretches();
  readonly #mask: Uint8Array;
  #bytes = new Uint8Array(FIRST_CAPACITY);
  /** 1: part of an escape sequence. */
  #escapes = new Uint8Array(FIRST_CAPACITY);
  #origin = 0;
  #length = 0;
  #out = new Uint8Array(FIRST_CAPACITY);
  #outLength = 0;

  constructor(mask: Uint8Array) {
    this.#mask = mask;
  }

  /** Place in the stream of the first byte that is not out. */
  get from(): number {
    return this.#origin;
  }

  /** Place in the stream after the last byte. */
  get end(): number {
    return this.#origin + this.#length;
  }

  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const capacity = Math.max(length, this.#bytes.length * 2);
      this.#bytes = grown(this.#bytes, new Uint8Array(capacity));
      this.#escapes = grown(this.#escapes, new Uint8Array(capacity));
    }
    this.#bytes.set(chunk, this.#length);
    this.#escapes.fill(0, this.#length, length);
    this.#length = length;
  }

  markEscape(at: number): void {
    this.#escapes[at - this.#origin] = 1;
  }

  /** Lets out everything before `limit`, and what follows it without a gap and is masked anyway. */
  release(limit: number): void {
    let to = Math.min(Math.max(limit, this.#origin), this.end);
    for (let grew = true; grew;) {
      const reach = Math.max(this.text.reach(to), this.inner.reach(to));
      grew = reach > to;
      to = Math.max(to, reach);
    }
    let at = this.#origin;
    while (at < to) at = this.#emitFrom(at, to);
    const gone = to - this.#origin;
    if (gone === 0) return;
    this.#bytes.copyWithin(0, gone, this.#length);
    this.#escapes.copyWithin(0, gone, this.#length);
    this.#length -= gone;
    this.#origin = to;
  }

  /** What was let out since the last call; the caller owns it. */
  take(): Uint8Array {
    const out = this.#out.slice(0, this.#outLength);
    this.#outLength = 0;
    return out;
  }

  #emitFrom(at: number, to: number): number {
    if (this.text.open(at)) this.#write(this.#mask);
    if (this.inner.open(at)) this.#write(this.#mask);
    if (at < this.inner.maskedTo) return Math.min(to, this.inner.maskedTo);
    const next = Math.min(to, this.inner.next);
    if (at < this.text.maskedTo) {
      if (this.#escapes[at - this.#origin] === 1) this.#copy(at, at + 1);
      return at + 1;
    }
    const end = Math.min(next, this.text.next);
    this.#copy(at, end);
    return end;
  }

  #copy(from: number, to: number): void {
    this.#write(this.#bytes.subarray(from - this.#origin, to - this.#origin));
  }

  #write(bytes: Uint8Array): void {
    const length = this.#outLength + bytes.length;
    if (length > this.#out.length) {
      this.#out = grown(this.#out, new Uint8Array(Math.max(length, this.#out.length * 2)));
    }
    this.#out.set(bytes, this.#outLength);
    this.#outLength = length;
  }
}

/** Stretches [start, end) in order; those that overlap are one, those that only touch are not. */
export class Stretches {
  /** End of the stretch that was opened last: bytes before it are masked. */
  maskedTo = 0;
  #starts: number[] = [];
  #ends: number[] = [];

  /** Ends come in rising order. */
  add(start: number, end: number): void {
    let from = start;
    while (this.#starts.length > 0 && (this.#ends.at(-1) ?? 0) > from) {
      from = Math.min(from, this.#starts.pop() ?? from);
      this.#ends.pop();
    }
    if (this.#starts.length === 0 && from < this.maskedTo) {
      this.maskedTo = Math.max(end, this.maskedTo);
    } else {
      this.#starts.push(from);
      this.#ends.push(end);
    }
  }

  /** Start of the next stretch that is not open yet. */
  get next(): number {
    return this.#starts[0] ?? Infinity;
  }

  /** How far masking reaches without a gap from `at`. */
  reach(at: number): number {
    let reach = Math.max(at, this.maskedTo);
    for (let n = 0; n < this.#starts.length; n++) {
      if ((this.#starts[n] ?? 0) > at) break;
      reach = Math.max(reach, this.#ends[n] ?? 0);
    }
    return reach;
  }

  /** Opens the stretch that begins at or before `at`; true if one mask is to be written for it. */
  open(at: number): boolean {
    if (this.next > at || at < this.maskedTo) return false;
    this.#starts.shift();
    this.maskedTo = this.#ends.shift() ?? at;
    return true;
  }
}
