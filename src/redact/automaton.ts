/**
 * An Aho-Corasick automaton over bytes that can grow while streams are in the middle of it.
 *
 * It keeps the trie and the failure links, not a table of all transitions: with every form of a
 * thousand values that would take gigabytes. Nodes are numbered as they come and never renumbered,
 * so a stream's state stays good when a needle is added; only the failure links are computed anew.
 */

export const ROOT = 0;

/** A node with more children than this gets a row of 256, so that no list is walked for long. */
const MAX_LIST = 4;
const ROW = 257;
const LIST_HEAD = 256;
const FIRST_CAPACITY = 1024;

/** Set in `leads` on every node on the way to a needle that has a leading partial character. */
export const ON_LEAD_PATH = 0x80;
/** In `leads` of a needle's last node: two values disagree on the character before it, so any will do. */
export const ANY_LEAD = 0x7f;

export class Automaton {
  /** Length of the path to a node: how many characters are live in that state. */
  depths = new Int32Array(FIRST_CAPACITY);
  /** The same of those live characters that more can follow: a needle's end alone waits for nothing. */
  lives = new Int32Array(FIRST_CAPACITY);
  /** Length of the longest needle that ends in a state, 0 if none does. */
  matches = new Int32Array(FIRST_CAPACITY);
  /** How many of the live characters may be shown before it is certain what they are. */
  allowances = new Uint8Array(FIRST_CAPACITY).fill(0xff);
  leads = new Uint8Array(FIRST_CAPACITY);
  fails = new Int32Array(FIRST_CAPACITY);
  /** Length of the longest needle. */
  longest = 0;
  #labels = new Uint8Array(FIRST_CAPACITY);
  /** The first child; or, for a node with a row, the row's number, as its complement. */
  #firsts = new Int32Array(FIRST_CAPACITY);
  #siblings = new Int32Array(FIRST_CAPACITY);
  #rows = new Int32Array(ROW * 16);
  #rowCount = 1;
  #size = 1;
  #linked = 1;

  constructor() {
    this.#firsts[ROOT] = ~0;
  }

  /** The state after one more byte. */
  step(state: number, byte: number): number {
    const firsts = this.#firsts;
    const labels = this.#labels;
    let node = state;
    for (;;) {
      let child = firsts[node] ?? 0;
      if (child < 0) {
        child = this.#rows[~child * ROW + byte] ?? 0;
      } else {
        while (child !== 0 && labels[child] !== byte) child = this.#siblings[child] ?? 0;
      }
      if (child !== 0) return child;
      if (node === ROOT) return ROOT;
      node = this.fails[node] ?? ROOT;
    }
  }

  /**
   * Adds a needle below `from` (the root, or the end of another needle) and returns its last node.
   * `lead`: what is known of the character before it, 0 if nothing. Call `link` before the next `step`.
   */
  insert(bytes: Uint8Array, allowance: number, lead: number, from: number = ROOT): number {
    let node = from;
    for (const byte of bytes) {
      node = this.#child(node, byte);
      if (allowance < (this.allowances[node] ?? 0)) this.allowances[node] = allowance;
      if (lead !== 0) this.leads[node] = (this.leads[node] ?? 0) | ON_LEAD_PATH;
    }
    const depth = this.depths[node] ?? 0;
    this.matches[node] = depth;
    this.longest = Math.max(this.longest, depth);
    const known = (this.leads[node] ?? 0) & ~ON_LEAD_PATH;
    if (lead !== 0) {
      const both = known === 0 || known === lead ? lead : ANY_LEAD;
      this.leads[node] = both | ON_LEAD_PATH;
    }
    return node;
  }

  /** Computes the failure links after `insert`s: one pass over all nodes, shortest paths first. */
  link(): void {
    if (this.#linked === this.#size) return;
    const queue = new Int32Array(this.#size);
    let tail = 0;
    for (let at = 0, node = ROOT; at <= tail; at++) {
      for (let child = this.#firstChild(node); child !== 0; child = this.#siblings[child] ?? 0) {
        const fail =
          node === ROOT ? ROOT : this.step(this.fails[node] ?? ROOT, this.#labels[child] ?? 0);
        this.fails[child] = fail;
        if (this.matches[child] !== this.depths[child]) {
          this.matches[child] = this.matches[fail] ?? 0;
        }
        const leaf = this.#firsts[child] === 0;
        this.lives[child] = (leaf ? this.lives[fail] : this.depths[child]) ?? 0;
        queue[tail++] = child;
      }
      if (at === tail) break;
      node = queue[at] ?? ROOT;
    }
    this.#linked = this.#size;
  }

  /** The last node of the longest needle that ends in `state`. */
  needleAt(state: number): number {
    const length = this.matches[state] ?? 0;
    let node = state;
    while (node !== ROOT && this.depths[node] !== length) node = this.fails[node] ?? ROOT;
    return node;
  }

  /** Bytes of memory the tables take. */
  get memory(): number {
    return this.#labels.length * 27 + this.#rows.byteLength;
  }

  /** Overwrites everything that could give a needle back. */
  wipe(): void {
    for (const table of [this.#labels, this.#firsts, this.#siblings, this.#rows]) table.fill(0);
    for (const table of [this.depths, this.lives, this.matches, this.fails]) table.fill(0);
    this.leads.fill(0);
    this.allowances.fill(0);
    this.#firsts[ROOT] = ~0;
  }

  #child(node: number, byte: number): number {
    const first = this.#firsts[node] ?? 0;
    if (first < 0) {
      const slot = ~first * ROW;
      const known = this.#rows[slot + byte] ?? 0;
      if (known !== 0) return known;
      const child = this.#newNode(node, byte, this.#rows[slot + LIST_HEAD] ?? 0);
      this.#rows[slot + byte] = child;
      this.#rows[slot + LIST_HEAD] = child;
      return child;
    }
    let count = 0;
    for (let child = first; child !== 0; child = this.#siblings[child] ?? 0) {
      if (this.#labels[child] === byte) return child;
      count++;
    }
    const child = this.#newNode(node, byte, first);
    this.#firsts[node] = child;
    if (count >= MAX_LIST) this.#makeRow(node, child);
    return child;
  }

  #firstChild(node: number): number {
    const first = this.#firsts[node] ?? 0;
    return first < 0 ? (this.#rows[~first * ROW + LIST_HEAD] ?? 0) : first;
  }

  #makeRow(node: number, head: number): void {
    const row = this.#rowCount++;
    if (this.#rowCount * ROW > this.#rows.length) {
      this.#rows = grown(this.#rows, new Int32Array(this.#rows.length * 2));
    }
    for (let child = head; child !== 0; child = this.#siblings[child] ?? 0) {
      this.#rows[row * ROW + (this.#labels[child] ?? 0)] = child;
    }
    this.#rows[row * ROW + LIST_HEAD] = head;
    this.#firsts[node] = ~row;
  }

  #newNode(parent: number, byte: number, sibling: number): number {
    const node = this.#size++;
    if (node >= this.#labels.length) this.#grow(this.#labels.length * 2);
    this.#labels[node] = byte;
    this.#siblings[node] = sibling;
    this.depths[node] = (this.depths[parent] ?? 0) + 1;
    return node;
  }

  #grow(capacity: number): void {
    const used = this.#labels.length;
    this.#labels = grown(this.#labels, new Uint8Array(capacity));
    this.#firsts = grown(this.#firsts, new Int32Array(capacity));
    this.#siblings = grown(this.#siblings, new Int32Array(capacity));
    this.depths = grown(this.depths, new Int32Array(capacity));
    this.matches = grown(this.matches, new Int32Array(capacity));
    this.lives = grown(this.lives, new Int32Array(capacity));
    this.fails = grown(this.fails, new Int32Array(capacity));
    this.leads = grown(this.leads, new Uint8Array(capacity));
    this.allowances = grown(this.allowances, new Uint8Array(capacity));
    this.allowances.fill(0xff, used);
  }
}

/** Moves a table into a larger one; the old one is overwritten, it held parts of values. */
export function grown<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  from.fill(0);
  return to;
}
