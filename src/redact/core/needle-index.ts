import { allocate, grown, reallocate, release } from './buffer';

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

@unmanaged
class Node {
  /** The needles that begin with the node's path: `order[low]` to `order[high - 1]`. */
  low: u32;
  high: u32;
  /** Length of the path: how many characters are live in that state. */
  depth: u32;
  /** UNLINKED until a stream gets here; `matches` and `lives` are then not set either. */
  fail: i32;
  /** Length of the longest needle that ends here, 0 if none does. */
  matches: u32;
  /** How many of the live characters more can follow on: a needle's end alone waits for nothing. */
  lives: u32;
  parent: u32;
  firstChild: u32;
  sibling: u32;
  label: u8;
  leads: u8;
  /** How many of the live characters may be shown before it is certain what they are. */
  allowance: u8;
  /** 0: its children are not made yet. */
  expanded: u8;
  /** How often it had to look for the next state, up to HOT. */
  heat: u8;
}

const ENTRY_BYTES: i32 = <i32>offsetof<Entry>();
const NODE_BYTES: i32 = <i32>offsetof<Node>();
const UNLINKED: i32 = -1;
/** A node that had to look for the next state so often gets a row, in which it remembers it for each byte. */
const HOT: u8 = 2;
/** In a transition, which is the next state plus one: something ends there. */
export const MATCHES: u32 = 0x80000000;
const MAX_ROWS: i32 = 8192;
/** Nodes are dropped and made anew beyond this, between two writes. */
const MAX_NODES: i32 = 200_000;

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
  nodes: usize = 0;
  nodeCount: i32 = 0;
  nodeCapacity: i32 = 0;
  /** For each node the number of its row of transitions; 0: it has none. */
  rowOf: usize = 0;
  rows: usize = 0;
  rowBytes: i32 = 0;
  /** What it will be once all needles are taken in. */
  nextRowBytes: i32 = 4;
  /** For each byte its place in a row, in bytes: those in no needle share the first, so rows are short. */
  places: usize = 0;
  rowCount: i32 = 0;
  rowCapacity: i32 = 0;
  chain: usize = 0;
  chainCapacity: i32 = 0;

  constructor() {
    this.nodeCapacity = 256;
    this.nodes = allocate(this.nodeCapacity * NODE_BYTES);
    this.rowOf = allocate(this.nodeCapacity * 2);
    this.rowCapacity = 4;
    this.rowBytes = 4;
    this.rows = allocate(this.rowCapacity * this.rowBytes);
    this.places = allocate(256 * 2);
    this.dropNodes();
  }

  /** Bytes of memory its tables take. */
  get memory(): usize {
    return (
      this.poolCapacity +
      this.entryCapacity * ENTRY_BYTES +
      this.orderCount * 4 +
      this.nodeCapacity * (NODE_BYTES + 2) +
      this.rowCapacity * this.rowBytes
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
    let a = 0;
    let b = 0;
    for (let n = 0; n < count; n++) {
      const first = a < old ? load<u32>(this.order + a * 4) : 0;
      const second = b < count - old ? load<u32>(fresh + b * 4) : 0;
      const takeOld = b === count - old || (a < old && this.compare(first, second) <= 0);
      store<u32>(merged + n * 4, takeOld ? first : second);
      if (takeOld) a++;
      else b++;
    }
    heap.free(fresh);
    heap.free(spare);
    if (this.order !== 0) heap.free(this.order);
    this.order = merged;
    this.orderCount = count;
    this.dropNodes();
  }

  /** To be called between two writes: keeps memory bounded whatever streams show. */
  limitNodes(): void {
    if (this.nodeCount > MAX_NODES) this.dropNodes();
  }

  dropNodes(): void {
    this.generation++;
    this.nodeCount = 1;
    if (this.rowBytes !== this.nextRowBytes) {
      release(this.rows, this.rowCount * this.rowBytes);
      this.rowBytes = this.nextRowBytes;
      this.rows = allocate(this.rowCapacity * this.rowBytes);
    }
    // Row 0 stays empty: it is that of all nodes without one.
    this.rowCount = 1;
    const root = this.node(ROOT);
    memory.fill(changetype<usize>(root), 0, NODE_BYTES);
    root.high = this.orderCount;
    root.allowance = 0xff;
    store<u16>(this.rowOf, 0);
  }

  /** The state after one more byte. */
  @inline step(state: u32, byte: u8): u32 {
    return this.transition(state, byte) & ~MATCHES;
  }

  /** The state after one more byte, with MATCHES if a needle ends there. */
  @inline transition(state: u32, byte: u8): u32 {
    const known = this.known(state, byte);
    return known !== 0 ? known - 1 : this.resolve(state, byte);
  }

  private resolve(state: u32, byte: u8): u32 {
    // Far down a path there is one way on, most often.
    const first = this.node(state).firstChild;
    const child = this.node(first);
    const known = first !== ROOT && child.label === byte && child.fail !== UNLINKED;
    const next = known ? first : this.find(state, byte);
    const transition = this.node(next).matches !== 0 ? next | MATCHES : next;
    if (known) return transition;
    const node = this.node(state);
    if (node.heat === HOT) {
      const row = <u32>load<u16>(this.rowOf + state * 2);
      const place = row * this.rowBytes + load<u16>(this.places + (<u32>byte) * 2);
      if (row !== 0) store<u32>(this.rows + place, transition + 1);
    } else if (++node.heat === HOT) {
      this.addRow(state);
    }
    return transition;
  }

  private find(state: u32, byte: u8): u32 {
    let at = state;
    while (true) {
      const child = this.child(at, byte);
      if (child !== 0) {
        if (this.node(child).fail === UNLINKED) this.link(child);
        return child;
      }
      if (at === ROOT) return ROOT;
      at = this.node(at).fail;
      const known = this.known(at, byte);
      if (known !== 0) return (known - 1) & ~MATCHES;
    }
  }

  /** The transition plus one if it was made before, else 0. */
  @inline private known(state: u32, byte: u8): u32 {
    const row = <u32>load<u16>(this.rowOf + state * 2);
    return load<u32>(this.rows + row * this.rowBytes + load<u16>(this.places + (<u32>byte) * 2));
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

  @inline allowance(state: u32): u32 {
    return this.node(state).allowance;
  }

  @inline fail(state: u32): u32 {
    return this.node(state).fail;
  }

  @inline onLeadPath(state: u32): bool {
    return (this.node(state).leads & ON_LEAD_PATH) !== 0;
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

  /** Gives a byte its place in the rows, which must then be made anew. */
  private place(byte: u8): void {
    if (load<u16>(this.places + (<u32>byte) * 2) !== 0) return;
    store<u16>(this.places + (<u32>byte) * 2, <u16>this.nextRowBytes);
    this.nextRowBytes += 4;
  }

  private addEntry(offset: u32, pooled: u32, allowance: u8, lead: u8, tells: u32, span: u32): Entry {
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
    return changetype<Node>(this.nodes + state * NODE_BYTES);
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

  /** The child of a node by its label, ROOT if it has none. Nodes may move. */
  private child(state: u32, label: u8): u32 {
    if (this.node(state).expanded === 0) this.expand(state);
    let child = this.node(state).firstChild;
    while (child !== 0 && this.node(child).label !== label) child = this.node(child).sibling;
    return child;
  }

  private expand(state: u32): void {
    const depth = this.node(state).depth;
    const high = this.node(state).high;
    let at = this.node(state).low;
    while (at < high && this.ordered(at).length === depth) at++;
    while (at < high) {
      const label = this.byteOf(this.ordered(at), depth);
      const end = this.endOf(at, high, depth, label);
      this.addChild(state, label, at, end);
      at = end;
    }
    this.node(state).expanded = 1;
  }

  /** Place after the last needle from `from` on that has `label` at `depth`. */
  private endOf(from: u32, high: u32, depth: u32, label: u8): u32 {
    let low = from;
    let top = high;
    while (top - low > 1) {
      const middle = (low + top) >> 1;
      if (this.byteOf(this.ordered(middle), depth) === label) low = middle;
      else top = middle;
    }
    return top;
  }

  private addChild(parent: u32, label: u8, low: u32, high: u32): void {
    if (this.nodeCount === this.nodeCapacity) {
      this.nodeCapacity = grown(this.nodeCapacity, this.nodeCount + 1);
      const used = this.nodeCount * NODE_BYTES;
      this.nodes = reallocate(this.nodes, used, this.nodeCapacity * NODE_BYTES);
      this.rowOf = reallocate(this.rowOf, this.nodeCount * 2, this.nodeCapacity * 2);
    }
    const number = this.nodeCount++;
    const node = this.node(number);
    node.low = low;
    node.high = high;
    node.depth = this.node(parent).depth + 1;
    node.fail = UNLINKED;
    node.matches = 0;
    node.lives = 0;
    store<u16>(this.rowOf + number * 2, 0);
    node.parent = parent;
    node.firstChild = 0;
    node.sibling = this.node(parent).firstChild;
    node.label = label;
    node.expanded = 0;
    node.heat = 0;
    let allowance: u8 = 0xff;
    let leads: u8 = 0;
    for (let n = low; n < high; n++) {
      const entry = this.ordered(n);
      allowance = min(allowance, entry.allowance);
      if (entry.lead !== 0) leads = ON_LEAD_PATH;
    }
    node.allowance = allowance;
    node.leads = leads;
    this.node(parent).firstChild = number;
  }

  private addRow(state: u32): void {
    if (this.rowCount === MAX_ROWS) return;
    if (this.rowCount === this.rowCapacity) {
      this.rowCapacity = grown(this.rowCapacity, this.rowCount + 1);
      const used = this.rowCount * this.rowBytes;
      this.rows = reallocate(this.rows, used, this.rowCapacity * this.rowBytes);
    }
    const row = this.rowCount++;
    memory.fill(this.rows + row * this.rowBytes, 0, this.rowBytes);
    store<u16>(this.rowOf + state * 2, <u16>row);
  }

  /**
   * Computes the failure link of a node whose parent has one, and of those it leads to that have none:
   * their parents are on the parent's own chain of links, so they have theirs.
   */
  private link(first: u32): void {
    let length = 0;
    let at = first;
    while (at !== ROOT && this.node(at).fail === UNLINKED) {
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
      const node = this.node(load<u32>(this.chain + --length * 4));
      const fail = this.node(node.fail);
      node.matches = this.tells(node) ? node.depth : fail.matches;
      const leaf = this.ordered(node.high - 1).length === node.depth;
      node.lives = leaf ? fail.lives : node.depth;
    }
  }

  private failOf(state: u32): u32 {
    const label = this.node(state).label;
    let at = this.node(state).parent;
    while (at !== ROOT) {
      at = this.node(at).fail;
      const known = this.known(at, label);
      if (known !== 0) return (known - 1) & ~MATCHES;
      const child = this.child(at, label);
      if (child !== 0) return child;
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
