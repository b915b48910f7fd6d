import { allocate, grown, reallocate } from './buffer';
import { prefixOf } from './counts';
import { NeedleList } from './needle-list';

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

const HEAD_BYTES: i32 = 32;
/** In `fail`: not computed yet. */
const UNLINKED: u32 = 0xffffffff;
/** A transition is the next state with these; 0 is one that was not seen yet. */
const SEEN: u32 = 1;
export const MATCHES: u32 = 2;
export const STATE: u32 = ~(SEEN | MATCHES);
/** Nodes are dropped, to be made anew, when they take more than this; between two writes. */
const MAX_NODE_BYTES: i32 = 16 * 1024 * 1024;

/** The state after one more byte and whether a needle ends there, by the tables of an index; 0 if it was not seen yet. */
export function transition(nodes: usize, places: usize, state: u32, byte: u8): u32 {
  return load<u32>(nodes + state + load<u16>(places + <u32>byte * 2));
}

/** Length of the longest needle that ends in the state a transition leads to; 0 if none does. */
export function matchesAfter(nodes: usize, next: u32): u32 {
  return (next & MATCHES) === 0 ? 0 : changetype<Node>(nodes + (next & STATE)).matches;
}

@unmanaged
export class NeedleIndex {
  /** Counts how often nodes were dropped: a state of another generation means nothing. */
  generation: u32 = 0;
  list: NeedleList = new NeedleList();
  /** The least that tells a value; a shorter path is not looked at for that. */
  shortestTell: u32 = u32.MAX_VALUE;
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
    return this.list.memory + this.nodesCapacity;
  }

  /** Length of the longest needle. */
  get longest(): u32 {
    return this.list.longest;
  }

  /** Adds a needle; it counts from the next `sort` on. Its bytes are copied. */
  add(
    bytes: usize,
    length: i32,
    allowance: u8,
    lead: u8,
    tellsFrom: u16,
    closeSpan: u32,
    label: u32,
  ): void {
    this.list.add(bytes, length, allowance, lead, tellsFrom, closeSpan, label);
    for (let at = 0; at < length; at++) this.place(load<u8>(bytes + at));
    if (tellsFrom !== 0) this.shortestTell = min(this.shortestTell, tellsFrom);
  }

  /** Adds the needle that was added last once more, with up to 8 more bytes. */
  addTail(tail: u64, length: i32, allowance: u8, lead: u8): void {
    this.list.addTail(tail, length, allowance, lead);
    for (let at = 0; at < length; at++) this.place(<u8>(tail >> (at * 8)));
  }

  /** Takes in what was added. */
  sort(): void {
    if (this.list.sort()) this.dropNodes();
  }

  /** To be called between two writes: keeps memory bounded whatever streams show. */
  limitNodes(): void {
    if (this.nodesLength > MAX_NODE_BYTES) this.dropNodes();
  }

  dropNodes(): void {
    this.generation++;
    this.nodeBytes = this.nextNodeBytes;
    this.nodesLength = 0;
    this.addNode(ROOT, 0, 0, this.list.orderCount);
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
    return transition(this.nodes, this.places, state, byte);
  }

  private see(state: u32, byte: u8, next: u32): u32 {
    const transition = next | SEEN | (this.node(next).matches !== 0 ? MATCHES : 0);
    store<u32>(this.nodes + state + load<u16>(this.places + <u32>byte * 2), transition);
    return transition;
  }

  /** As `transition` for one that was not seen yet. Nodes may move. */
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
      const entry = this.list.ordered(n);
      if (entry.length !== node.depth) break;
      if (entry.lead === 0) continue;
      lead = lead === 0 || lead === entry.lead ? entry.lead : ANY_LEAD;
    }
    return lead;
  }

  /** What a mask of the longest needle that ends in `state` is counted as; of equal ones the first that was added. */
  labelOf(state: u32): u32 {
    let at = state;
    const length = this.matches(state);
    while (at !== ROOT && this.depth(at) !== length) at = this.fail(at);
    const node = this.node(at);
    const first = this.list.ordered(node.low);
    if (first.length === node.depth) return first.label;
    for (let n = node.low; n < node.high; n++) {
      const entry = this.list.ordered(n);
      if (entry.tellsFrom !== 0 && entry.tellsFrom <= node.depth) return prefixOf(entry.label);
    }
    return 0;
  }

  /** Whether the value that ends in this state, without its final line feed, was `span` bytes long. */
  closesLine(state: u32, span: u32): bool {
    const node = this.node(state);
    for (let n = node.low; n < node.high; n++) {
      const entry = this.list.ordered(n);
      if (entry.length !== node.depth) return false;
      if (entry.closeSpan === span) return true;
    }
    return false;
  }

  /** Gives a byte its place in the nodes, which must then be made anew. */
  private place(byte: u8): void {
    if (load<u16>(this.places + <u32>byte * 2) !== <u16>HEAD_BYTES) return;
    store<u16>(this.places + <u32>byte * 2, <u16>this.nextNodeBytes);
    this.nextNodeBytes += 4;
  }

  @inline private node(state: u32): Node {
    return changetype<Node>(this.nodes + state);
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
    const entry = this.list.ordered(place);
    return entry.length === depth ? -1 : <i32>this.list.byteOf(entry, depth);
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
      const entry = this.list.ordered(n);
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
      const leaf = this.list.ordered(node.high - 1).length === node.depth;
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
    if (this.list.ordered(node.low).length === node.depth) return true;
    if (node.depth < this.shortestTell) return false;
    for (let n = node.low; n < node.high; n++) {
      const tellsFrom = this.list.ordered(n).tellsFrom;
      if (tellsFrom !== 0 && tellsFrom <= node.depth) return true;
    }
    return false;
  }
}
