import { allocate } from './buffer';
import { opensString } from './sight';

/*
 * What the scanner does with blocks of 16 bytes and with masks of four of them, and how long characters and escape
 * sequences are.
 */

/** How many bytes a mask is about, a bit for each: four blocks. */
export const MASK_BITS: i32 = 64;
/** A longer escape sequence is not passed over in one go. */
export const MAX_ESCAPE_BYTES: i32 = 2048;
const BLANK: u8 = 0x20;
const DELETE: u8 = 0x7f;
const BEL: u8 = 0x07;
const ESCAPE: u8 = 0x1b;
const BACKSLASH: u8 = 0x5c;
const OPENS_CSI: u8 = 0x5b;
/** `52`, with which OSC 52 begins, as two bytes in memory. */
const CLIPBOARD: u16 = 0x3235;

/** For each of the 256 ways to keep some of 8 bytes: which they are. */
const compressTable: usize = makeCompressTable();

/** Writes the bytes of a block that are in `mask`, one after the other; gives how many. Writes up to 16. */
export function compress(to: usize, block: v128, mask: i32): i32 {
  if (mask === 0xffff) {
    v128.store(to, block);
    return 16;
  }
  const low = mask & 0xff;
  const high = mask >> 8;
  const first = popcnt(low);
  const rest = i64x2.shuffle(block, block, 1, 1);
  const lowPlaces = v128.load64_zero(compressTable + low * 8);
  const highPlaces = v128.load64_zero(compressTable + high * 8);
  v128.store64_lane(to, i8x16.swizzle(block, lowPlaces), 0);
  v128.store64_lane(to + first, i8x16.swizzle(rest, highPlaces), 0);
  return first + popcnt(high);
}

/** How many bytes of a block come before the first that is not printable ASCII. */
function plainRun(block: v128): i32 {
  return ctz<i32>(i8x16.bitmask(hides(block)) | 0x10000);
}

/** How many bytes come before the first that is not printable ASCII. */
export function plainBytes(bytes: usize, length: i32): i32 {
  let at = 0;
  while (at + 16 <= length) {
    const run = plainRun(v128.load(bytes + at));
    at += run;
    if (run < 16) return at;
  }
  while (at < length && load<u8>(bytes + at) - 0x20 < 0x7f - 0x20) at++;
  return at;
}

/** Length of the UTF-8 character with this first byte, 0x80 or more; 0 if it is none. */
export function characterLength(lead: u8): i32 {
  return lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/** Length of the UTF-8 character at `at`; 0 if it is none, or not all there before `to`. */
export function characterBytes(bytes: usize, at: i32, to: i32): i32 {
  const count = characterLength(load<u8>(bytes + at));
  if (at + count > to) return 0;
  for (let n = 1; n < count; n++) {
    if ((load<u8>(bytes + at + n) & 0xc0) !== 0x80) return 0;
  }
  return count;
}

/** Which of a block's bytes print nothing by themselves: controls, and what is beyond ASCII. */
export function hides(block: v128): v128 {
  // Signed: what is beyond ASCII is below.
  return v128.or(i8x16.lt_s(block, i8x16.splat(0x20)), i8x16.eq(block, i8x16.splat(0x7f)));
}

/** Which of a block's bytes are line feeds and carriage returns. */
export function endsLine(block: v128): v128 {
  return v128.or(i8x16.eq(block, i8x16.splat(0x0a)), i8x16.eq(block, i8x16.splat(0x0d)));
}

/** A bit for each byte of four blocks, the first one's lowest. */
export function bitsOf(first: v128, second: v128, third: v128, fourth: v128): u64 {
  const low = <u64>i8x16.bitmask(first) | ((<u64>i8x16.bitmask(second)) << 16);
  return low | ((<u64>i8x16.bitmask(third)) << 32) | ((<u64>i8x16.bitmask(fourth)) << 48);
}

/** Which bytes of four blocks are beyond a limit, as signed numbers: what is beyond ASCII is below all others. */
export function beyond(limit: i8, first: v128, second: v128, third: v128, fourth: v128): u64 {
  const limits = i8x16.splat(limit);
  return bitsOf(
    i8x16.gt_s(first, limits),
    i8x16.gt_s(second, limits),
    i8x16.gt_s(third, limits),
    i8x16.gt_s(fourth, limits),
  );
}

/** The bits from `place` on, which is 64 at most. */
export function above(place: i32): u64 {
  return place < MASK_BITS ? (<u64>-1) << place : 0;
}

/** Whether all of the bytes are above the blank, as far as whole blocks tell. */
export function isSolid(bytes: usize, length: i32): bool {
  for (let at = 0; at < length; at += 16) {
    const solid = i8x16.bitmask(i8x16.gt_s(v128.load(bytes + at), i8x16.splat(0x20)));
    const left = length - at;
    if (left >= 16 ? solid !== 0xffff : (~solid & ((1 << left) - 1)) !== 0) return false;
  }
  return true;
}

/** The lowest bit that is set. */
export function lowest(bits: u64): u64 {
  return bits & (0 - bits);
}

/**
 * Of the bytes at `bytes`, each with its bit in `here`, the last one of the escape sequence that begins at `escape`;
 * 0 if it does not end among them, or is not one of the ordinary ones. `hidden` are those that are not printable
 * ASCII, `high` those from 0x40 on, as the last one of a CSI sequence is.
 */
export function lastOfEscape(bytes: usize, escape: u64, here: u64, hidden: u64, high: u64): u64 {
  const at = bytes + <usize>ctz(escape);
  const kind = load<u8>(at + 1);
  const inside = 0 - (escape << 2);
  const strange = lowest(hidden & inside);
  if (kind === OPENS_CSI) {
    const last = lowest(high & inside);
    // Each, if there is none, is beyond all others so.
    return last - 1 < strange - 1 ? last : 0;
  }
  if (opensString(kind)) {
    if (strange === 0 || load<u16>(at + 2) === CLIPBOARD) return 0;
    const end = bytes + <usize>ctz(strange);
    const last = load<u8>(end);
    if (last === BEL) return strange;
    return last === ESCAPE && load<u8>(end + 1) === BACKSLASH ? here & (strange << 1) : 0;
  }
  if (kind >= 0x30 && kind < DELETE) return here & (escape << 1);
  const last = load<u8>(at + 2);
  const ends = kind >= BLANK && kind < 0x30 && last >= 0x30 && last < DELETE;
  return ends ? here & (escape << 2) : 0;
}

/**
 * Offset after the escape sequence at `at`; 0 if it is not one of the ordinary ones, or not all there before
 * `to`. A clipboard's contents (OSC 52) are for the stream to look into.
 */
export function escapeEnd(bytes: usize, at: i32, to: i32): i32 {
  const limit = min(to, at + MAX_ESCAPE_BYTES);
  let raw = at + 2;
  if (raw > limit) return 0;
  const kind = load<u8>(bytes + at + 1);
  if (opensString(kind)) {
    if (raw + 2 <= limit && load<u16>(bytes + raw) === CLIPBOARD) return 0;
    while (raw + 16 <= limit) {
      const run = plainRun(v128.load(bytes + raw));
      raw += run;
      if (run < 16) break;
    }
    for (; raw < limit; raw++) {
      const byte = load<u8>(bytes + raw);
      if (byte === BEL) return raw + 1;
      if (byte === ESCAPE) {
        const ends = raw + 2 <= limit && load<u8>(bytes + raw + 1) === BACKSLASH;
        return ends ? raw + 2 : 0;
      }
      if (byte < BLANK || byte >= DELETE) return 0;
    }
    return 0;
  }
  if (kind < BLANK || kind >= DELETE) return 0;
  const lowestFinal: u8 = kind === OPENS_CSI ? 0x40 : 0x30;
  if (kind !== OPENS_CSI && kind >= 0x30) return raw;
  if (raw + 16 <= limit) {
    const block = v128.load(bytes + raw);
    const finals = i8x16.bitmask(i8x16.ge_s(block, i8x16.splat(<i8>lowestFinal)));
    const strange = i8x16.bitmask(i8x16.lt_s(block, i8x16.splat(0x20)));
    const last = ctz<i32>(finals | 0x10000);
    if (last < ctz<i32>(strange | 0x10000) && load<u8>(bytes + raw + last) !== DELETE) {
      return raw + last + 1;
    }
  }
  for (; raw < limit; raw++) {
    const byte = load<u8>(bytes + raw);
    if (byte < BLANK || byte >= DELETE) return 0;
    if (byte >= lowestFinal) return raw + 1;
  }
  return 0;
}

function makeCompressTable(): usize {
  const table = allocate(256 * 8);
  for (let mask = 0; mask < 256; mask++) {
    let kept = 0;
    for (let bit = 0; bit < 8; bit++) {
      if ((mask >> bit) & 1) store<u8>(table + mask * 8 + kept++, <u8>bit);
    }
  }
  return table;
}
