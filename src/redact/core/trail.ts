import { allocate, reallocate, release } from './buffer';
import { MATCHES, NeedleIndex, ROOT, STATE } from './needle-index';

const FIRST_CAPACITY = 256;

/** A character. */
@unmanaged
export class Entry {
  /** Its place in the stream, or of what it overstrikes. */
  start: f64;
  /** The index's state after it. */
  state: u32;
  byte: u32;
}

export const ENTRY_BYTES: i32 = <i32>offsetof<Entry>();

/**
 * The characters of one view of a stream that may still matter: where each began in the stream and
 * in which state it left the index. As long as the longest live prefix, and a few more that
 * backspaces could still strike out.
 */
@unmanaged
export class Trail {
  length: i32 = 0;
  state: u32 = ROOT;
  index: NeedleIndex;
  leadBytes: usize;
  generation: u32 = 0;
  /** The match that is not reported yet: its first character, the state and the place after its last. */
  matchFirst: i32 = 0;
  matchState: u32 = ROOT;
  matchEnd: f64 = -1;
  capacity: i32 = FIRST_CAPACITY;
  entries: usize = 0;

  constructor(index: NeedleIndex, leadBytes: usize) {
    this.index = index;
    this.leadBytes = leadBytes;
    this.generation = index.generation;
    this.entries = allocate(FIRST_CAPACITY * ENTRY_BYTES);
  }

  /** To be called before a stream goes on: needles may have been added. */
  refresh(): void {
    this.index.limitNodes();
    if (this.generation === this.index.generation) return;
    this.generation = this.index.generation;
    this.state = ROOT;
    for (let at = 0; at < this.length; at++) {
      this.state = this.index.step(this.state, this.byte(at));
      this.entry(at).state = this.state;
    }
  }

  /** Makes room, so that so many characters can be stored without a look. */
  reserve(count: i32): void {
    while (this.length + count > this.capacity) this.grow();
  }

  /** Takes in a character that began at `start`, for which there is room; true if a needle ends. */
  @inline put(byte: u8, start: f64): bool {
    const transition = this.index.transition(this.state, byte);
    this.state = transition & STATE;
    const entry = this.entry(this.length++);
    entry.start = start;
    entry.state = this.state;
    entry.byte = byte;
    return (transition & MATCHES) !== 0;
  }

  /** Length of the match that is not reported yet, up to the last character; 0: there is none. */
  get matchLength(): u32 {
    return this.matchEnd === -1 ? 0 : this.length - this.matchFirst;
  }

  /** Entries were written up to `entry`, the last before place `end`, and the match has so many characters by now. */
  moveTo(entry: usize, state: u32, matchLength: u32, end: f64): void {
    this.length = <i32>(entry - this.entries) / ENTRY_BYTES;
    this.state = state;
    if (matchLength === 0) return;
    this.matchState = state;
    this.matchEnd = end;
  }

  pop(): void {
    this.length--;
    this.state = this.length > 0 ? this.entry(this.length - 1).state : ROOT;
  }

  clear(): void {
    this.length = 0;
    this.state = ROOT;
  }

  /** How many of the last characters are the start of a needle. */
  get depth(): i32 {
    return this.index.depth(this.state);
  }

  @inline start(at: i32): f64 {
    return this.entry(at).start;
  }

  @inline byte(at: i32): u8 {
    return <u8>this.entry(at).byte;
  }

  /**
   * Index of the first character that a later byte could make part of a match, `length` if none.
   * `undo`: how many characters may yet be struck out.
   */
  live(undo: i32): i32 {
    const index = this.index;
    // The start of the longest live prefix never moves back, so the oldest state decides.
    for (let at = max(0, this.length - 1 - undo); at < this.length; at++) {
      const state = this.entry(at).state;
      const depth = <i32>index.lives(state);
      const first = at + 1 - depth;
      if (first > 0 && (depth === 0 || index.onLeadPath(state))) {
        if (load<u8>(this.leadBytes + <usize>this.byte(first - 1)) === 1) return first - 1;
      }
      if (depth > 0) return first;
    }
    return this.length;
  }

  /** Index of the first character that may not be shown while it is open what it is part of. */
  secretFrom(): i32 {
    const index = this.index;
    let from = this.length;
    for (let state = this.state; state !== ROOT; state = index.fail(state)) {
      const depth = index.depth(state);
      // A needle is complete: its characters are masked, and with them all shorter prefixes.
      if (index.matches(state) === depth) break;
      const shown = min(depth, index.allowance(state));
      if (shown < depth) from = min(from, this.length - <i32>(depth - shown));
    }
    return from;
  }

  /** Forgets the first characters. */
  dropBefore(at: i32): void {
    if (at <= 0) return;
    const left = this.length - at;
    memory.copy(this.entries, this.entries + at * ENTRY_BYTES, left * ENTRY_BYTES);
    this.length = left;
  }

  free(): void {
    release(this.entries, this.capacity * ENTRY_BYTES);
    heap.free(changetype<usize>(this));
  }

  private grow(): void {
    const used = this.capacity * ENTRY_BYTES;
    this.capacity *= 2;
    this.entries = reallocate(this.entries, used, this.capacity * ENTRY_BYTES);
  }

  @inline private entry(at: i32): Entry {
    return changetype<Entry>(this.entries + at * ENTRY_BYTES);
  }
}
