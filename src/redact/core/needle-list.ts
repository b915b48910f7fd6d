import { allocate, grown, reallocate } from './buffer';

/** A needle of a list. Its last characters may stand here: they are most of the difference to others. */
@unmanaged
export class Entry {
  /** Where its bytes are in the pool. */
  offset: u32;
  /** How many of them. */
  pooled: u32;
  /** With those of `tail`. */
  length: u32;
  /** What a mask of it is counted as (counts.ts). */
  label: u32;
  tail: u64;
  /** Length of the value without its final line feed, which this needle leaves out; else 0. */
  closeSpan: u32;
  /** So many leading bytes tell the value already; 0: only all of it does. */
  tellsFrom: u16;
  allowance: u8;
  lead: u8;
}

const ENTRY_BYTES: i32 = <i32>offsetof<Entry>();

/** Needles in the order of their bytes, shorter ones first. */
@unmanaged
export class NeedleList {
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

  /** Bytes of memory it takes. */
  get memory(): usize {
    return this.poolCapacity + this.entryCapacity * ENTRY_BYTES + this.orderCount * 4;
  }

  /** Adds a needle; it counts from the next `sort` on. Its bytes are copied. */
  add(bytes: usize, length: i32, allowance: u8, lead: u8, tells: u16, span: u32, label: u32): void {
    this.addEntry(this.addToPool(bytes, length), length, allowance, lead, tells, span, label);
  }

  /** Adds the needle that was added last once more, with up to 8 more bytes. */
  addTail(tail: u64, length: i32, allowance: u8, lead: u8): void {
    const last = this.entry(this.entryCount - 1);
    const entry = this.addEntry(last.offset, last.pooled, allowance, lead, 0, 0, last.label);
    entry.tail = tail;
    entry.length = entry.pooled + length;
    this.longest = max(this.longest, entry.length);
  }

  /** Takes in what was added; false if nothing was. */
  sort(): bool {
    const old = this.orderCount;
    const count = this.entryCount;
    if (old === count) return false;
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
    return true;
  }

  private addToPool(bytes: usize, length: i32): u32 {
    const offset = this.poolLength;
    if (offset + length > this.poolCapacity) {
      this.poolCapacity = grown(max(this.poolCapacity, 2048), offset + length);
      this.pool = reallocate(this.pool, offset, this.poolCapacity);
    }
    memory.copy(this.pool + offset, bytes, length);
    this.poolLength += length;
    return offset;
  }

  private addEntry(
    offset: u32,
    pooled: u32,
    allowance: u8,
    lead: u8,
    tells: u16,
    span: u32,
    label: u32,
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
    entry.label = label;
    this.longest = max(this.longest, pooled);
    return entry;
  }

  @inline private entry(number: u32): Entry {
    return changetype<Entry>(this.entries + number * ENTRY_BYTES);
  }

  @inline ordered(place: u32): Entry {
    return this.entry(load<u32>(this.order + place * 4));
  }

  @inline byteOf(entry: Entry, at: u32): u8 {
    if (at < entry.pooled) return load<u8>(this.pool + entry.offset + at);
    return <u8>(entry.tail >> ((at - entry.pooled) * 8));
  }

  private compare(one: u32, other: u32): i32 {
    const a = this.entry(one);
    const b = this.entry(other);
    const pooled = min(a.pooled, b.pooled);
    // The same place: one needle with other tails.
    if (a.offset !== b.offset) {
      const order = memory.compare(this.pool + a.offset, this.pool + b.offset, pooled);
      if (order !== 0) return order;
    }
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
}
