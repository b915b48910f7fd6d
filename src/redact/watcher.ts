import type { NeedleSet } from './needles.ts';
import { leadAllows } from './radix.ts';
import { isContinuation } from './sight.ts';
import { ON_LEAD_PATH } from './automaton.ts';
import { Trail } from './trail.ts';

/** How many bytes of text a run of backspaces can strike out: two characters of any script. */
export const UNDO_BYTES = 8;
/** How much that nobody sees may lie between the first and the last character of a value. */
export const MAX_GAP_BYTES = 64 * 1024;

/** As many live characters are worth looking at again, if much can be skipped after them. */
const SHALLOW = 4;

const BLANK = 0x20;
const NOWHERE = -1;

/**
 * Told of every stretch of the stream, [start, end), that gives a value away. The needle itself
 * begins at `first`: that is after `start` when the character before it holds bits of the value too.
 */
export type Found = (start: number, end: number, first: number) => void;

/** Looks for needles in one text, given character by character with its place in the stream. */
export class Watcher {
  /** The text without blanks is looked at as well. */
  readonly flat: Trail;
  readonly packed: Trail;
  /** No prefix can have stretched too far before this place in the stream. */
  reviewAt = 0;
  readonly #needles: NeedleSet;
  readonly #found: Found;
  readonly #undoBytes: number;
  #undo = 0;
  /** Bytes of text on this line. */
  #column = 0;
  /** Where the character began that the next one overstrikes. */
  #overstruck = NOWHERE;

  /** `undoBytes`: UNDO_BYTES, or 0 for a text in which backspaces strike out nothing. */
  constructor(needles: NeedleSet, undoBytes: number, found: Found) {
    this.#undoBytes = undoBytes;
    this.#needles = needles;
    this.#found = found;
    this.flat = new Trail(needles.flat, needles.leadBytes);
    this.packed = new Trail(needles.packed, needles.leadBytes);
  }

  /** Takes in one visible byte at `at`. */
  push(byte: number, at: number): void {
    let start = at;
    if (this.#overstruck !== NOWHERE) {
      start = this.#overstruck;
      this.#overstruck = NOWHERE;
    }
    if (this.#undo < this.#undoBytes) this.#undo++;
    this.#column++;
    const length = this.flat.push(byte, start);
    if (length !== 0) this.#report(this.flat, length, at + 1);
    if (byte !== BLANK) {
      const packedLength = this.packed.push(byte, start);
      if (packedLength !== 0) this.#report(this.packed, packedLength, at + 1);
    }
  }

  /** A line begins: backspaces do not go back over its start. */
  startLine(): void {
    this.#undo = 0;
    this.#column = 0;
    this.#overstruck = NOWHERE;
  }

  /** Strikes out the last character. */
  erase(): void {
    if (this.#column === 0) return;
    // What is not held may be out already, whatever the chunks: the mask cannot begin there.
    const heldFrom = this.liveFrom();
    for (;;) {
      if (this.#undo === 0 || this.flat.length === 0) {
        // Farther back than remembered: what is struck out is no part of a value any more.
        this.reset();
        return;
      }
      this.#undo--;
      this.#column--;
      const last = this.flat.length - 1;
      const byte = this.flat.byte(last);
      const start = this.flat.start(last);
      this.#overstruck = start >= heldFrom ? start : NOWHERE;
      this.flat.pop();
      if (byte !== BLANK) this.packed.pop();
      if (!isContinuation(byte)) return;
    }
  }

  reset(): void {
    this.flat.clear();
    this.packed.clear();
    this.#undo = 0;
    this.#overstruck = NOWHERE;
  }

  /** Where in the stream the first byte is that may yet become part of a match; Infinity if none. */
  liveFrom(): number {
    return Math.min(
      startAt(this.flat, this.flat.live(this.#undo)),
      startAt(this.packed, this.packed.live(this.#undo)),
      this.#overstruck === NOWHERE ? Infinity : this.#overstruck,
    );
  }

  /** Where in the stream the first byte is that must not be shown yet; Infinity if there is none. */
  secretFrom(): number {
    return Math.min(
      startAt(this.flat, this.flat.secretFrom()),
      startAt(this.packed, this.packed.secretFrom()),
    );
  }

  /**
   * Where the live prefixes begin when they are short, so that looking again from there costs
   * little; Infinity when they are long.
   */
  shallowFrom(): number {
    const flat = this.flat.depth;
    const packed = this.packed.depth;
    if (flat > SHALLOW || packed > SHALLOW) return Infinity;
    return Math.min(
      flat === 0 ? Infinity : this.flat.start(this.flat.length - flat),
      packed === 0 ? Infinity : this.packed.start(this.packed.length - packed),
      this.flat.start(this.flat.length - 1) + 1,
    );
  }

  /** Goes on at a later place: nothing in between can be part of a value, or be struck out. */
  jump(count: number): void {
    this.#column += count;
    this.flat.clear();
    this.packed.clear();
  }

  /** Forgets what can no longer matter. */
  trim(): void {
    for (const trail of [this.flat, this.packed]) {
      const undoable = trail.length - UNDO_BYTES - 2;
      trail.dropBefore(Math.min(undoable, trail.live(this.#undo)));
    }
  }

  /**
   * Gives up prefixes that have stretched over too much of the stream (see MAX_GAP_BYTES). To be
   * called for every byte past `reviewAt`: so it depends on the stream alone, not on its chunks.
   */
  limitGap(at: number): void {
    this.trim();
    const limit = this.#needles.longest + MAX_GAP_BYTES;
    const from = this.liveFrom();
    if (at - from > limit) this.reset();
    // What is live now only gets younger: until then nothing can be too old.
    this.reviewAt = (from === Infinity || at - from > limit ? at : from) + limit;
  }

  #report(trail: Trail, length: number, end: number): void {
    const first = trail.length - length;
    const automaton = trail === this.flat ? this.#needles.flat : this.#needles.packed;
    const lead = (automaton.leads[automaton.needleAt(trail.state)] ?? 0) & ~ON_LEAD_PATH;
    const led = lead !== 0 && first > 0 && leadAllows(lead, trail.byte(first - 1));
    this.#found(trail.start(led ? first - 1 : first), end, trail.start(first));
  }
}

function startAt(trail: Trail, at: number): number {
  return at < trail.length ? trail.start(at) : Infinity;
}
