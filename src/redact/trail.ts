import { type Automaton, grown, ON_LEAD_PATH, ROOT } from './automaton.ts';

/**
 * The characters of one view of a stream that may still matter: where each began in the stream and
 * in which state it left the automaton. As long as the longest live prefix, and a few more that
 * backspaces could still strike out.
 */
export class Trail {
  length = 0;
  state = ROOT;
  readonly #automaton: Automaton;
  readonly #leadBytes: Uint8Array;
  #starts = new Float64Array(256);
  #states = new Int32Array(256);
  #bytes = new Uint8Array(256);

  constructor(automaton: Automaton, leadBytes: Uint8Array) {
    this.#automaton = automaton;
    this.#leadBytes = leadBytes;
  }

  /** Takes in a character that began at `start`; returns the length of the longest match, or 0. */
  push(byte: number, start: number): number {
    if (this.length === this.#bytes.length) this.#grow();
    const state = this.#automaton.step(this.state, byte);
    const at = this.length++;
    this.#starts[at] = start;
    this.#states[at] = state;
    this.#bytes[at] = byte;
    this.state = state;
    return this.#automaton.matches[state] ?? 0;
  }

  pop(): void {
    this.length--;
    this.state = this.length > 0 ? (this.#states[this.length - 1] ?? ROOT) : ROOT;
  }

  clear(): void {
    this.length = 0;
    this.state = ROOT;
  }

  /** How many of the last characters are the start of a needle. */
  get depth(): number {
    return this.#automaton.depths[this.state] ?? 0;
  }

  start(at: number): number {
    return this.#starts[at] ?? 0;
  }

  byte(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  /**
   * Index of the first character that a later byte could make part of a match, `length` if none.
   * `undo`: how many characters may yet be struck out.
   */
  live(undo: number): number {
    const { lives, leads } = this.#automaton;
    // The start of the longest live prefix never moves back, so the oldest state decides.
    for (let at = Math.max(0, this.length - 1 - undo); at < this.length; at++) {
      const state = this.#states[at] ?? ROOT;
      const depth = lives[state] ?? 0;
      const first = at + 1 - depth;
      const mayLead = depth === 0 || ((leads[state] ?? 0) & ON_LEAD_PATH) !== 0;
      if (mayLead && first > 0 && this.#leadBytes[this.byte(first - 1)] === 1) return first - 1;
      if (depth > 0) return first;
    }
    return this.length;
  }

  /** Index of the first character that may not be shown while it is open what it is part of. */
  secretFrom(): number {
    const { depths, matches, allowances, fails } = this.#automaton;
    let from = this.length;
    for (let state = this.state; state !== ROOT; state = fails[state] ?? ROOT) {
      const depth = depths[state] ?? 0;
      // A needle is complete: its characters are masked, and with them all shorter prefixes.
      if (matches[state] === depth) break;
      const shown = Math.min(depth, allowances[state] ?? 0);
      if (shown < depth) from = Math.min(from, this.length - depth + shown);
    }
    return from;
  }

  /** Forgets the first characters. */
  dropBefore(at: number): void {
    if (at <= 0) return;
    this.#starts.copyWithin(0, at, this.length);
    this.#states.copyWithin(0, at, this.length);
    this.#bytes.copyWithin(0, at, this.length);
    this.length -= at;
  }

  #grow(): void {
    const capacity = this.length * 2;
    this.#starts = grown(this.#starts, new Float64Array(capacity));
    this.#states = grown(this.#states, new Int32Array(capacity));
    this.#bytes = grown(this.#bytes, new Uint8Array(capacity));
  }
}
