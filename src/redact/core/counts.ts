import { allocate, grown, reallocate } from './buffer';

/** The bits of a label that say which form it is (../needles.ts); the rest says whose. */
const FORM_MASK: u32 = 15;

/** The label of a needle's beginning: form 0. */
export function prefixOf(label: u32): u32 {
  return label & ~FORM_MASK;
}

/** How many masks were written, by label: what was masked. 0 is no label. */
@unmanaged
export class Counts {
  counts: usize = 0;
  capacity: i32 = 0;

  add(label: u32, masks: i32): void {
    const wanted = <i32>(label | FORM_MASK) + 1;
    if (wanted > this.capacity) {
      const used = this.capacity * 4;
      this.capacity = grown(max(this.capacity, 64), wanted);
      this.counts = reallocate(this.counts, used, this.capacity * 4);
    }
    const at = this.counts + label * 4;
    store<u32>(at, load<u32>(at) + masks);
  }

  of(label: u32): u32 {
    return <i32>label < this.capacity ? load<u32>(this.counts + label * 4) : 0;
  }
}
