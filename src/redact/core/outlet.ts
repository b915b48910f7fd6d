import { allocate, grown, reallocate, release } from './buffer';
import { Counts } from './counts';

const FIRST_CAPACITY = 4096;
/** Whole blocks are read, also at the end of the bytes. */
const SLACK_BYTES = 64;

/**
 * The bytes of a stream that are not out yet, by their place in the stream, and what is to be
 * masked among them.
 */
@unmanaged
export class Outlet {
  /** Stretches of visible text to mask: escapes in them are kept. */
  text: Stretches;
  /** Stretches of escape sequences and their payloads to mask whole. */
  inner: Stretches;
  /** Place in the stream of the first byte that is not out. */
  origin: f64 = 0;
  /** The bytes from there on. */
  bytes: usize = 0;
  length: i32 = 0;
  capacity: i32 = FIRST_CAPACITY;
  /** 1: part of an escape sequence. */
  escapes: usize = 0;
  /** What was let out. */
  out: usize = 0;
  outLength: i32 = 0;
  outCapacity: i32 = FIRST_CAPACITY;
  mask: usize = 0;
  maskLength: i32 = 0;

  constructor(mask: usize, maskLength: i32, counts: Counts, counted: bool) {
    this.text = new Stretches(counts, counted);
    this.inner = new Stretches(counts, counted);
    this.bytes = allocate(FIRST_CAPACITY + SLACK_BYTES);
    this.escapes = allocate(FIRST_CAPACITY);
    this.out = allocate(FIRST_CAPACITY);
    this.mask = allocate(max(maskLength, 1));
    this.maskLength = maskLength;
    memory.copy(this.mask, mask, maskLength);
  }

  free(): void {
    this.text.free();
    this.inner.free();
    release(this.bytes, this.capacity);
    release(this.escapes, this.capacity);
    release(this.out, this.outCapacity);
    release(this.mask, this.maskLength);
    heap.free(changetype<usize>(this));
  }

  /** Place in the stream after the last byte. */
  get end(): f64 {
    return this.origin + this.length;
  }

  append(chunk: usize, count: i32): void {
    const length = this.length + count;
    if (length > this.capacity) {
      this.capacity = grown(this.capacity, length);
      this.bytes = reallocate(this.bytes, this.length, this.capacity + SLACK_BYTES);
      this.escapes = reallocate(this.escapes, this.length, this.capacity);
    }
    memory.copy(this.bytes + this.length, chunk, count);
    memory.fill(this.escapes + this.length, 0, count);
    this.length = length;
  }

  markEscape(at: f64): void {
    store<u8>(this.escapes + <usize>(at - this.origin), 1);
  }

  /**
   * Lets out everything before the first place that may yet be part of a match of text or of an escape
   * sequence, and what follows it without a gap and is masked anyway.
   */
  release(liveText: f64, liveInner: f64): void {
    const live = min(liveText, liveInner);
    const sure = min(max(live, this.origin), this.end);
    // Escapes are kept in a stretch of text, so one that is open holds it up.
    const text = min(this.text.reach(sure, live), max(sure, liveInner));
    const to = max(text, this.inner.reach(sure, live));
    let at = this.origin;
    while (at < to) at = this.emitFrom(at, to);
    const gone = <i32>(to - this.origin);
    if (gone === 0) return;
    this.length -= gone;
    memory.copy(this.bytes, this.bytes + gone, this.length);
    memory.copy(this.escapes, this.escapes + gone, this.length);
    this.origin = to;
  }

  private emitFrom(at: f64, to: f64): f64 {
    // Several may have begun by now: in what the other kind has masked.
    while (this.text.open(at)) this.write(this.mask, this.maskLength);
    while (this.inner.open(at)) this.write(this.mask, this.maskLength);
    if (at < this.inner.maskedTo) return min(to, this.inner.maskedTo);
    const next = min(to, this.inner.next);
    if (at < this.text.maskedTo) {
      const masked = min(next, this.text.maskedTo);
      this.writeEscapes(<i32>(at - this.origin), <i32>(masked - this.origin));
      return masked;
    }
    const end = min(next, this.text.next);
    this.write(this.bytes + <usize>(at - this.origin), <i32>(end - at));
    return end;
  }

  private writeEscapes(from: i32, to: i32): void {
    for (let at = from; at < to; at++) {
      while (at + 16 <= to && !v128.any_true(v128.load(this.escapes + at))) at += 16;
      if (at < to && load<u8>(this.escapes + at) === 1) this.write(this.bytes + at, 1);
    }
  }

  private write(bytes: usize, count: i32): void {
    const length = this.outLength + count;
    if (length > this.outCapacity) {
      this.outCapacity = grown(this.outCapacity, length);
      this.out = reallocate(this.out, this.outLength, this.outCapacity);
    }
    memory.copy(this.out + this.outLength, bytes, count);
    this.outLength = length;
  }
}

/** What is to be masked, in one piece. */
@unmanaged
class Stretch {
  start: f64;
  end: f64;
  /** Of the longest match in it. */
  label: u32;
  longest: u32;
}

const STRETCH_BYTES: i32 = <i32>offsetof<Stretch>();

/** Stretches [start, end) in order; those that overlap are one, those that only touch are not. */
@unmanaged
export class Stretches {
  /** End of the stretch that was opened last: bytes before it are masked. */
  maskedTo: f64 = 0;
  /** Of that stretch. */
  label: u32 = 0;
  longest: u32 = 0;
  counts: Counts;
  counted: bool;
  /** Those before `head` are opened. */
  items: usize = 0;
  head: i32 = 0;
  length: i32 = 0;
  capacity: i32 = 16;

  constructor(counts: Counts, counted: bool) {
    this.counts = counts;
    this.counted = counted;
    this.items = allocate(this.capacity * STRETCH_BYTES);
  }

  free(): void {
    release(this.items, this.capacity * STRETCH_BYTES);
    heap.free(changetype<usize>(this));
  }

  /** Ends come in rising order. Of matches that overlap the longest gives the label, the first of equal ones. */
  add(start: f64, end: f64, label: u32): void {
    let from = start;
    let kept = label;
    let longest = <u32>(end - start);
    while (this.length > this.head && this.endOf(this.length - 1) > from) {
      const last = this.item(--this.length);
      from = min(from, last.start);
      if (last.longest >= longest) {
        longest = last.longest;
        kept = last.label;
      }
    }
    if (this.length === this.head && from < this.maskedTo) {
      this.maskedTo = max(end, this.maskedTo);
      this.relabel(kept, longest);
    } else {
      this.push(from, end, kept, longest);
    }
  }

  /** More of a mask came when it was written already: it is counted as what it turns out to be. */
  private relabel(label: u32, longest: u32): void {
    if (longest <= this.longest) return;
    if (this.counted) {
      this.counts.add(this.label, -1);
      this.counts.add(label, 1);
    }
    this.label = label;
    this.longest = longest;
  }

  /** Start of the next stretch that is not open yet. */
  get next(): f64 {
    return this.head < this.length ? this.startOf(this.head) : Infinity;
  }

  /**
   * How far masking reaches without a gap from `at`. Only what begins at `live` or before is sure: what is live may
   * yet join a later stretch with the one before it.
   */
  reach(at: f64, live: f64): f64 {
    let reach = max(at, this.maskedTo);
    for (let n = this.head; n < this.length; n++) {
      if (this.startOf(n) > live) break;
      reach = max(reach, this.endOf(n));
    }
    return reach;
  }

  /** Opens the stretch that begins at or before `at`; true if one mask is to be written for it. */
  open(at: f64): bool {
    while (this.next <= at && at >= this.maskedTo) {
      const item = this.item(this.head++);
      this.maskedTo = item.end;
      this.label = item.label;
      this.longest = item.longest;
      if (this.head === this.length) {
        this.head = 0;
        this.length = 0;
      }
      // One that ends before lies in what the other kind has masked.
      if (at >= this.maskedTo) continue;
      if (this.counted) this.counts.add(this.label, 1);
      return true;
    }
    return false;
  }

  @inline private startOf(n: i32): f64 {
    return this.item(n).start;
  }

  @inline private endOf(n: i32): f64 {
    return this.item(n).end;
  }

  @inline private item(n: i32): Stretch {
    return changetype<Stretch>(this.items + n * STRETCH_BYTES);
  }

  private push(start: f64, end: f64, label: u32, longest: u32): void {
    if (this.length === this.capacity) {
      this.capacity *= 2;
      const used = this.length * STRETCH_BYTES;
      this.items = reallocate(this.items, used, this.capacity * STRETCH_BYTES);
    }
    const item = this.item(this.length++);
    item.start = start;
    item.end = end;
    item.label = label;
    item.longest = longest;
  }
}
