import { allocate, grown, reallocate } from './buffer';

/*
 * All needles of one view of a stream, as an Aho-Corasick automaton that is built only where streams go.
 *
 * The needles stand sorted; a node of their trie is a range of them and a length. Nodes, and their
 * failure links, are made when a stream first gets there: the whole trie of every form of a thousand
 * values would take hundreds of megabytes, of which streams see next to nothing. Adding needles drops
 * all nodes, and a stream finds its place again from the characters it remembers (`generation`).
 */

export const ROOT: u32 = 0;
/** In `leads`: the node is on the way to a needle that has a leading partial character. */
export const ON_LEAD_PATH: u8 = 0x80;
/** In `leads` of a needle's last node: two values disagree on the character before it, so any will do. */
export const ANY_LEAD: u8 = 0x7f;

/** The fields of a needle in `entries`. Its last characters may stand in the entry: they are most of the difference. */
@unmanaged
class Entry {
  /** Where its bytes are in the pool. */
  offset: u32;
  /** How many of them. */
  pooled: u32;
  /** With those of `tail`. */
  length: u32;
  /** So many leading bytes tell the value already; 0: only all of it does. */
  tellsFrom: u32;
  tail: u64;
  /** Length of the value without its final line feed, which this needle leaves out; else 0. */
  closeSpan: u32;
  allowance: u8;
  lead: u8;
}

/** The head of a node; the transitions it has seen so far follow it, see `places`. */
@unmanaged
class Node {
  /** The needles that begin with the node's path: `order[low]` to `order[high - 1]`. */
  low: u32;
  high: u32;
  /** Length of the path: how many characters are live in that state. */
  depth: u32;
  fail: u32;
  /** Length of the longest needle that ends here, 0 if none does. */
  matches: u32;
  /** How many of the live characters more can follow on: a needle's end alone waits for nothing. */
  lives: u32;
  parent: u32;
  label: u8;
  /** Set by `describe`, as the next. */
  leads: u8;
  /** How many of the live characters may be shown before it is certain what they are. */
  allowance: u8;
  described: bool;
}

const ENTRY_BYTES: i32 = <i32>offsetof<Entry>();
const HEAD_BYTES: i32 = 32;
/** In `fail`: not computed yet. */
const UNLINKED: u32 = 0xffffffff;
/** A transition is the next state with these; 0 is one that was not seen yet. */
const SEEN: u32 = 1;
export const MATCHES: u32 = 2;
export const STATE: u32 = ~(SEEN | MATCHES);
/** Nodes are dropped, to be made anew, when they take more than this; between two writes. */
const MAX_NODE_BYTES: i32 = 16 * 1024 * 1024;

@unmanaged
export class NeedleIndex {
  /** Counts how often nodes were dropped: a state of another generation means nothing. */
  generation: u32 = 0;
  /** Length of the longest needle. */
  longest: u32 = 0;
  pool: usize = 0;
  poolLength: i32 = 0;
  poolCapacity: i32 = 0;
  entries: usize = 0;
  entryCount: i32 = 0;
  entryCapacity: i32 = 0;
  order: usize = 0;
  orderCount: i32 = 0;
  /** Nodes, one after the other; a state is the place of one in bytes. */
  nodes: usize = 0;
  nodesLength: i32 = 0;
  nodesCapacity: i32 = 0;
  /** Length of a node with its transitions. */
  nodeBytes: i32 = HEAD_BYTES + 4;
  /** What it will be once all needles are taken in. */
  nextNodeBytes: i32 = HEAD_BYTES + 4;
  /** For each byte where its transition is in a node: those in no needle share the first. */
  places: usize = 0;
  chain: usize = 0;
  chainCapacity: i32 = 0;
  /** What `findChild` found. */
  childLow: u32 = 0;
  childHigh: u32 = 0;

  constructor() {
    this.places = allocate(256 * 2);
    for (let byte = 0; byte < 256; byte++) store<u16>(this.places + byte * 2, <u16>HEAD_BYTES);
    this.nodesCapacity = 4096;
    this.nodes = allocate(this.nodesCapacity);
    this.dropNodes();
  }

  /** Bytes of memory its tables take. */
  get memory(): usize {
    return (
      this.poolCapacity +
      this.entryCapacity * ENTRY_BYTES +
      this.orderCount * 4 +
      this.nodesCapacity
    );
  }

  /** Adds a needle; it counts from the next `sort` on. Its bytes are copied. */
  add(bytes: usize, length: i32, allowance: u8, lead: u8, tellsFrom: u32, closeSpan: u32): void {
    this.addEntry(this.addToPool(bytes, length), length, allowance, lead, tellsFrom, closeSpan);
  }

  /** Adds the needle that was added last once more, with up to 8 more bytes. */
  addTail(tail: u64, length: i32, allowance: u8, lead: u8): void {
    const last = this.entry(this.entryCount - 1);
    const entry = this.addEntry(last.offset, last.pooled, allowance, lead, 0, 0);
    entry.tail = tail;
    entry.length = entry.pooled + length;
    for (let at = 0; at < length; at++) this.place(<u8>(tail >> (at * 8)));
    this.longest = max(this.longest, entry.length);
  }

  /** Takes in what was added. */
  sort(): void {
    const old = this.orderCount;
    const count = this.entryCount;
    if (old === count) return;
    const merged = allocate(count * 4);
    const fresh = allocate((count - old) * 4);
    const spare = allocate((count - old) * 4);
    for (let n = old; n < count; n++) store<u32>(fresh + (n - old) * 4, n);
    this.sortRange(fresh, spare, 0, count - old);
    let taken = 0;
    for (let n = 0; n < count - old; n++) {
      const entry = load<u32>(fresh + n * 4);
      const before = this.placeFor(entry, taken, old);
      memory.copy(merged + (taken + n) * 4, this.order + taken * 4, (before - taken) * 4);
      store<u32>(merged + (before + n) * 4, entry);
      taken = before;
    }
    memory.copy(merged + (taken + count - old) * 4, this.order + taken * 4, (old - taken) * 4);
    heap.free(fresh);
    heap.free(spare);
    if (this.order !== 0) heap.free(this.order);
    this.order = merged;
    this.orderCount = count;
    this.dropNodes();
  }

  /** To be called between two writes: keeps memory bounded whatever streams show. */
  limitNodes(): void {
    if (this.nodesLength > MAX_NODE_BYTES) this.dropNodes();
  }

  dropNodes(): void {
    this.generation++;
    this.nodeBytes = this.nextNodeBytes;
    this.nodesLength = 0;
    this.addNode(ROOT, 0, 0, this.orderCount);
    const root = this.node(ROOT);
    root.depth = 0;
    root.fail = ROOT;
  }

  /** The state after one more byte. */
  @inline step(state: u32, byte: u8): u32 {
    return this.transition(state, byte) & STATE;
  }

  /** The state after one more byte (its STATE bits), and whether a needle ends there (MATCHES). */
  @inline transition(state: u32, byte: u8): u32 {
    const seen = this.seen(state, byte);
    return seen !== 0 ? seen : this.resolve(state, byte);
  }

  @inline private seen(state: u32, byte: u8): u32 {
    return load<u32>(this.nodes + state + load<u16>(this.places + <u32>byte * 2));
  }

  private see(state: u32, byte: u8, next: u32): u32 {
    const transition = next | SEEN | (this.node(next).matches !== 0 ? MATCHES : 0);
    store<u32>(this.nodes + state + load<u16>(this.places + <u32>byte * 2), transition);
    return transition;
  }

  private resolve(state: u32, byte: u8): u32 {
    let at = state;
    while (true) {
      if (this.findChild(at, byte)) return this.see(state, byte, this.addChild(at, byte));
      if (at === ROOT) return this.see(state, byte, ROOT);
      at = this.node(at).fail;
      const seen = this.seen(at, byte);
      if (seen !== 0) return this.see(state, byte, seen & STATE);
    }
  }

  @inline depth(state: u32): u32 {
    return this.node(state).depth;
  }

  @inline matches(state: u32): u32 {
    return this.node(state).matches;
  }

  @inline lives(state: u32): u32 {
    return this.node(state).lives;
  }

  allowance(state: u32): u32 {
    return this.describe(state).allowance;
  }

  @inline fail(state: u32): u32 {
    return this.node(state).fail;
  }

  onLeadPath(state: u32): bool {
    return (this.describe(state).leads & ON_LEAD_PATH) !== 0;
  }

  /** What is known of the character before the longest needle that ends in `state`; 0: nothing. */
  leadOf(state: u32): u8 {
    let at = state;
    const length = this.matches(state);
    while (at !== ROOT && this.depth(at) !== length) at = this.fail(at);
    let lead: u8 = 0;
    const node = this.node(at);
    for (let n = node.low; n < node.high; n++) {
      const entry = this.ordered(n);
      if (entry.length !== node.depth) break;
      if (entry.lead === 0) continue;
      lead = lead === 0 || lead === entry.lead ? entry.lead : ANY_LEAD;
    }
    return lead;
  }

  /** Whether the value that ends in this state, without its final line feed, was `span` bytes long. */
  closesLine(state: u32, span: u32): bool {
    const node = this.node(state);
    for (let n = node.low; n < node.high; n++) {
      const entry = this.ordered(n);
      if (entry.length !== node.depth) return false;
      if (entry.closeSpan === span) return true;
    }
    return false;
  }

  private addToPool(bytes: usize, length: i32): u32 {
    const offset = this.poolLength;
    if (offset + length > this.poolCapacity) {
      this.poolCapacity = grown(max(this.poolCapacity, 2048), offset + length);
      this.pool = reallocate(this.pool, offset, this.poolCapacity);
    }
    memory.copy(this.pool + offset, bytes, length);
    for (let at = 0; at < length; at++) this.place(load<u8>(bytes + at));
    this.poolLength += length;
    return offset;
  }

  /** Gives a byte its place in the nodes, which must then be made anew. */
  private place(byte: u8): void {
    if (load<u16>(this.places + <u32>byte * 2) !== <u16>HEAD_BYTES) return;
    store<u16>(this.places + <u32>byte * 2, <u16>this.nextNodeBytes);
    this.nextNodeBytes += 4;
  }

  private addEntry(
    offset: u32,
    pooled: u32,
    allowance: u8,
    lead: u8,
    tells: u32,
    span: u32,
  ): Entry {
    if (this.entryCount === this.entryCapacity) {
      this.entryCapacity = grown(max(this.entryCapacity, 32), this.entryCount + 1);
      const used = this.entryCount * ENTRY_BYTES;
      this.entries = reallocate(this.entries, used, this.entryCapacity * ENTRY_BYTES);
    }
    const entry = this.entry(this.entryCount++);
    entry.offset = offset;
    entry.pooled = pooled;
    entry.length = pooled;
    entry.allowance = allowance;
    entry.lead = lead;
    entry.tellsFrom = tells;
    entry.closeSpan = span;
    this.longest = max(this.longest, pooled);
    return entry;
  }

  @inline private entry(number: u32): Entry {
    return changetype<Entry>(this.entries + number * ENTRY_BYTES);
  }

  @inline private ordered(place: u32): Entry {
    return this.entry(load<u32>(this.order + place * 4));
  }

  @inline private node(state: u32): Node {
    return changetype<Node>(this.nodes + state);
  }

  @inline private byteOf(entry: Entry, at: u32): u8 {
    if (at < entry.pooled) return load<u8>(this.pool + entry.offset + at);
    return <u8>(entry.tail >> ((at - entry.pooled) * 8));
  }

  private compare(one: u32, other: u32): i32 {
    const a = this.entry(one);
    const b = this.entry(other);
    const pooled = min(a.pooled, b.pooled);
    const order = memory.compare(this.pool + a.offset, this.pool + b.offset, pooled);
    if (order !== 0) return order;
    const length = min(a.length, b.length);
    for (let at = pooled; at < length; at++) {
      const difference = <i32>this.byteOf(a, at) - <i32>this.byteOf(b, at);
      if (difference !== 0) return difference;
    }
    return <i32>a.length - <i32>b.length;
  }

  /** Place of the first in `order`, from `low` to `high`, that comes after a needle. */
  private placeFor(entry: u32, low: i32, high: i32): i32 {
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(load<u32>(this.order + middle * 4), entry) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private sortRange(numbers: usize, spare: usize, from: i32, to: i32): void {
    if (to - from < 2) return;
    const middle = (from + to) >> 1;
    this.sortRange(numbers, spare, from, middle);
    this.sortRange(numbers, spare, middle, to);
    memory.copy(spare + from * 4, numbers + from * 4, (to - from) * 4);
    let a = from;
    let b = middle;
    for (let n = from; n < to; n++) {
      const first = load<u32>(spare + min(a, middle - 1) * 4);
      const second = load<u32>(spare + min(b, to - 1) * 4);
      const takeFirst = b === to || (a < middle && this.compare(first, second) <= 0);
      store<u32>(numbers + n * 4, takeFirst ? first : second);
      if (takeFirst) a++;
      else b++;
    }
  }

  /** Whether needles go on from a node with `label`: the range from `childLow` to `childHigh`. */
  private findChild(state: u32, label: u8): bool {
    const node = this.node(state);
    const wanted = <i32>label;
    this.childLow = this.firstFrom(node, wanted);
    if (this.childLow === node.high || this.labelAt(this.childLow, node.depth) !== wanted)
      return false;
    this.childHigh = this.firstFrom(node, wanted + 1);
    return true;
  }

  /** Place of the first needle of a node that goes on with `label` or a higher byte. */
  private firstFrom(node: Node, label: i32): u32 {
    let low = node.low;
    let high = node.high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.labelAt(middle, node.depth) < label) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The byte after `depth` others; -1 for a needle that ends there. */
  @inline private labelAt(place: u32, depth: u32): i32 {
    const entry = this.ordered(place);
    return entry.length === depth ? -1 : <i32>this.byteOf(entry, depth);
  }

  /** Makes the node that `findChild` found. Nodes may move. */
  private addChild(parent: u32, label: u8): u32 {
    const child = this.addNode(parent, label, this.childLow, this.childHigh);
    this.link(child);
    return child;
  }

  private addNode(parent: u32, label: u8, low: u32, high: u32): u32 {
    const state = this.nodesLength;
    if (state + this.nodeBytes > this.nodesCapacity) {
      this.nodesCapacity = grown(this.nodesCapacity, state + this.nodeBytes);
      this.nodes = reallocate(this.nodes, state, this.nodesCapacity);
    }
    this.nodesLength += this.nodeBytes;
    memory.fill(this.nodes + state, 0, this.nodeBytes);
    const node = this.node(state);
    node.low = low;
    node.high = high;
    node.depth = this.node(parent).depth + 1;
    node.fail = UNLINKED;
    node.parent = parent;
    node.label = label;
    return state;
  }

  /** What few nodes are ever asked, and takes a look at all needles of the node. */
  private describe(state: u32): Node {
    const node = this.node(state);
    if (node.described) return node;
    node.described = true;
    node.allowance = 0xff;
    for (let n = node.low; n < node.high; n++) {
      const entry = this.ordered(n);
      node.allowance = min(node.allowance, entry.allowance);
      if (entry.lead !== 0) node.leads = ON_LEAD_PATH;
    }
    return node;
  }

  /**
   * Computes the failure link of a node whose parent has one, and of those it leads to that are made on the
   * way: their parents are on the parent's own chain of links, so they have theirs.
   */
  private link(first: u32): void {
    let length = 0;
    let at = first;
    while (this.node(at).fail === UNLINKED) {
      if (length === this.chainCapacity) {
        this.chainCapacity = grown(max(this.chainCapacity, 32), length + 1);
        this.chain = reallocate(this.chain, length * 4, this.chainCapacity * 4);
      }
      store<u32>(this.chain + length++ * 4, at);
      const fail = this.failOf(at);
      this.node(at).fail = fail;
      at = fail;
    }
    while (length > 0) {
      const state = load<u32>(this.chain + --length * 4);
      const node = this.node(state);
      const fail = this.node(node.fail);
      node.matches = this.tells(node) ? node.depth : fail.matches;
      const leaf = this.ordered(node.high - 1).length === node.depth;
      node.lives = leaf ? fail.lives : node.depth;
      this.see(node.parent, node.label, state);
    }
  }

  private failOf(state: u32): u32 {
    const label = this.node(state).label;
    let at = this.node(state).parent;
    while (at !== ROOT) {
      at = this.node(at).fail;
      const seen = this.seen(at, label);
      if (seen !== 0) return seen & STATE;
      if (this.findChild(at, label)) return this.addNode(at, label, this.childLow, this.childHigh);
    }
    return ROOT;
  }

  /** Whether the path is a needle, or so much of one that it tells. */
  private tells(node: Node): bool {
    if (this.ordered(node.low).length === node.depth) return true;
    for (let n = node.low; n < node.high; n++) {
      const tellsFrom = this.ordered(n).tellsFrom;
      if (tellsFrom !== 0 && tellsFrom <= node.depth) return true;
    }
    return false;
  }
}
