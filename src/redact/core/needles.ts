import { allocate } from './buffer';
import { Counts } from './counts';
import { GramFilter } from './gram-filter';
import { NeedleIndex } from './needle-index';

const BLANK: u8 = 0x20;
/** One row of 256 flags for each lead code (../radix.ts). */
const LEAD_TABLE_BYTES: usize = 128 * 256;

/**
 * The needles of any number of secrets, shared by the streams that look for them: `flat`, for the
 * visible text, and `packed`, for the same without blanks, of what may be folded and indented.
 */
@unmanaged
export class Needles {
  flat: NeedleIndex = new NeedleIndex();
  packed: NeedleIndex = new NeedleIndex();
  filter: GramFilter = new GramFilter();
  leadTable: usize = 0;
  /** Flags of the lead codes that needles have. */
  leads: usize = 0;
  /** Bytes that may be the character before some needle and hold bits of its value. */
  leadBytes: usize = 0;
  counts: Counts = new Counts();

  constructor() {
    this.leadTable = allocate(LEAD_TABLE_BYTES);
    this.leads = allocate(128);
    this.leadBytes = allocate(256);
  }

  get longest(): u32 {
    return max(this.flat.longest, this.packed.longest);
  }

  get memory(): usize {
    return this.flat.memory + this.packed.memory + this.filter.memory;
  }

  /** Adds a needle; the blanks in `bytes` go. */
  add(
    bytes: usize,
    length: i32,
    folds: bool,
    allowance: u8,
    lead: u8,
    tells: u16,
    span: u32,
    label: u32,
  ): void {
    // With or without blanks in it: the text without blanks has it too, so it is looked for there alone.
    if (!folds) this.flat.add(bytes, length, allowance, lead, tells, span, label);
    let solid = 0;
    for (let at = 0; at < length; at++) {
      const byte = load<u8>(bytes + at);
      if (byte !== BLANK) store<u8>(bytes + solid++, byte);
    }
    if (folds) this.packed.add(bytes, solid, allowance, lead, tells, span, label);
    this.filter.add(bytes, tells === 0 ? solid : min(solid, <i32>tells));
    if (lead !== 0 && load<u8>(this.leads + lead) === 0) {
      store<u8>(this.leads + lead, 1);
      for (let byte = 0; byte < 256; byte++) {
        if (this.leadAllows(lead, <u8>byte)) store<u8>(this.leadBytes + byte, 1);
      }
    }
  }

  @inline leadAllows(lead: u8, byte: u8): bool {
    return load<u8>(this.leadTable + <usize>lead * 256 + byte) === 1;
  }

  ready(): void {
    this.flat.sort();
    this.packed.sort();
    this.filter.ready();
  }
}
