/**
 * Base64 and base32 of a value with anything before and after it.
 *
 * A character stands for 6 (5) bits, so the value's first and last bits may share a character with
 * its neighbours. The needle is what lies between, the characters that depend on the value alone,
 * once for every alignment. What is known of the shared characters is kept too: the one before as
 * a `lead`, checked after a match; the ones after as `tails`, with the padding.
 */

/** In place of a code: two values disagree on the character, so any of an alphabet will do. */
const ANY_LEAD = 0x7f;

export interface RadixForm {
  readonly bytes: Buffer;
  /** Code for `leadAllows`; 0 when the needle starts on a character's edge. */
  readonly lead: number;
  /** What may follow and belongs to the value. */
  readonly tails: readonly Buffer[];
}

export interface Radix {
  readonly alphabet: string;
  readonly bits: number;
  /** Lead codes are numbered from here, in order of the number of bits known. */
  readonly firstLead: number;
  /** Bytes that make whole characters. */
  readonly group: number;
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BASE62 = `${UPPER}${UPPER.toLowerCase()}0123456789`;
const PAD = '=';

export const BASE64: Radix = { alphabet: `${BASE62}+/`, bits: 6, firstLead: 1, group: 3 };
export const BASE64URL: Radix = { ...BASE64, alphabet: `${BASE62}-_` };
export const BASE32: Radix = { alphabet: `${UPPER}234567`, bits: 5, firstLead: 64, group: 5 };

const LEAD_CODES = 128;
/** One character and its padding: all values share them. */
const TAIL_BYTES = new Map<string, Buffer>();
/** For each lead code 256 flags: which bytes the character before a needle may be. */
export const leadTable = buildLeadTable([BASE64, BASE64URL, BASE32]);

/** Gives the needles of `value` at every alignment; the caller drops those too short to tell. */
export function radixForms(value: Uint8Array, radix: Radix): RadixForm[] {
  return Array.from({ length: radix.group }, (_, before) => formAt(value, radix, before));
}

/** Whether the character before a needle can hold the first bits of its value. */
export function leadAllows(code: number, byte: number): boolean {
  return leadTable[code * 256 + byte] === 1;
}

/** `before`: how many bytes stand before the value, modulo the group. */
function formAt(value: Uint8Array, radix: Radix, before: number): RadixForm {
  const { alphabet, bits, group } = radix;
  const taken = (before * 8) % bits;
  const leadBits = taken === 0 ? 0 : bits - taken;
  const lead = leadBits === 0 ? 0 : leadCode(radix, leadBits, bitsAt(value, 0, leadBits));
  const total = value.length * 8;
  let text = '';
  let at = leadBits;
  for (; at + bits <= total; at += bits) text += alphabet.charAt(bitsAt(value, at, bits));
  const rest = total - at;
  const tails: string[] = [];
  if (rest > 0) {
    const open = bits - rest;
    const known = bitsAt(value, at, rest) << open;
    for (let low = 0; low < 1 << open; low++) tails.push(alphabet.charAt(known | low));
    // With nothing after the value the open bits are zero, and padding fills the group.
    const used = Math.ceil((((before + value.length) % group) * 8) / bits);
    const pads = (group * 8) / bits - used;
    for (let n = 1; n <= pads; n++) tails.push(alphabet.charAt(known) + PAD.repeat(n));
  }
  return {
    bytes: Buffer.from(text, 'latin1'),
    lead,
    tails: tails.map(tailBytes),
  };
}

function tailBytes(tail: string): Buffer {
  let bytes = TAIL_BYTES.get(tail);
  if (bytes === undefined) {
    bytes = Buffer.from(tail, 'latin1');
    TAIL_BYTES.set(tail, bytes);
  }
  return bytes;
}

function bitsAt(value: Uint8Array, from: number, count: number): number {
  const byte = from >> 3;
  const pair = ((value[byte] ?? 0) << 8) | (value[byte + 1] ?? 0);
  return (pair >> (16 - (from & 7) - count)) & ((1 << count) - 1);
}

/** Codes of n known bits come after those of fewer: 2, 4, 8... of them. */
function leadCode(radix: Radix, known: number, low: number): number {
  return radix.firstLead + (1 << known) - 2 + low;
}

function buildLeadTable(radixes: readonly Radix[]): Uint8Array {
  const table = new Uint8Array(LEAD_CODES * 256);
  for (const radix of radixes) {
    for (let digit = 0; digit < radix.alphabet.length; digit++) {
      const byte = radix.alphabet.charCodeAt(digit);
      table[ANY_LEAD * 256 + byte] = 1;
      for (let known = 1; known < radix.bits; known++) {
        table[leadCode(radix, known, digit & ((1 << known) - 1)) * 256 + byte] = 1;
      }
    }
  }
  return table;
}
