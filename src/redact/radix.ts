/**
 * Base64 and base32 of a value with anything before and after it.
 *
 * A character stands for 6 (5) bits, so the value's first and last bits may share a character with
 * its neighbours. The needle is what lies between, the characters that depend on the value alone,
 * once for every alignment. What is known of the shared characters is kept too: the one before as
 * a `lead`, checked after a match; the ones after as `tails`, with the padding.
 */

import type { Form, FormKind } from './encodings.ts';

/** In place of a code: two values disagree on the character, so any of an alphabet will do. */
const ANY_LEAD = 0x7f;

interface Radix {
  readonly kind: FormKind;
  readonly alphabet: string;
  readonly bits: number;
  /** Lead codes are numbered from here, in order of the number of bits known. */
  readonly firstLead: number;
  /** Bytes that make whole characters. */
  readonly group: number;
  /** Writes the bytes from an offset on, filled up with zero bits to a whole character; padding may follow. */
  readonly write: (bytes: Buffer, from: number) => string;
  /** What was made of them, by what is known of the first: all values share them. */
  readonly tails: Map<string, string>;
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BASE62 = `${UPPER}${UPPER.toLowerCase()}0123456789`;
const PAD = '=';

const BASE64: Radix = {
  kind: 'base64',
  alphabet: `${BASE62}+/`,
  bits: 6,
  firstLead: 1,
  group: 3,
  write: (bytes, from) => bytes.toString('base64', from),
  tails: new Map(),
};
const BASE64URL: Radix = {
  ...BASE64,
  alphabet: `${BASE62}-_`,
  write: (bytes, from) => bytes.toString('base64url', from),
  tails: new Map(),
};
const BASE32_ALPHABET = `${UPPER}234567`;
const BASE32: Radix = {
  kind: 'base32',
  alphabet: BASE32_ALPHABET,
  bits: 5,
  firstLead: 64,
  group: 5,
  write: writeBase32,
  tails: new Map(),
};

const BASE32_CODES = Buffer.from(BASE32_ALPHABET, 'latin1');
/** As many as may stand before a value. */
const ZEROS = Buffer.alloc(BASE32.group - 1);
const LEAD_CODES = 128;
/** For each lead code 256 flags: which bytes the character before a needle may be. */
export const leadTable = buildLeadTable([BASE64, BASE64URL, BASE32]);

/** Gives the needles of `value` at every alignment, without repeats; the caller drops those too short to tell. */
export function base64Forms(value: Buffer): Form[] {
  const forms = radixForms(value, BASE64);
  // The other alphabet differs in two characters: there is one of them in few forms.
  if (!forms.some(({ text }) => /[+/]/.test(text))) return forms;
  const others = radixForms(value, BASE64URL);
  return forms.concat(others.filter(({ text }, before) => text !== forms[before]?.text));
}

/** As `base64Forms`. */
export function base32Forms(value: Buffer): Form[] {
  return radixForms(value, BASE32);
}

/** Whether the character before a needle can hold the first bits of its value. */
export function leadAllows(code: number, byte: number): boolean {
  return leadTable[code * 256 + byte] === 1;
}

function radixForms(value: Buffer, radix: Radix): Form[] {
  const led = Buffer.concat([ZEROS, value]);
  return Array.from({ length: radix.group }, (_, before) => formAt(led, radix, before));
}

/** `led`: the value after ZEROS. `before`: how many bytes stand before it, modulo the group. */
function formAt(led: Buffer, radix: Radix, before: number): Form {
  const { kind, alphabet, bits, group } = radix;
  const carries = led.length - ZEROS.length;
  const digits = radix.write(led, ZEROS.length - before);
  const first = Math.ceil((before * 8) / bits);
  const last = Math.floor(((before + carries) * 8) / bits);
  const leadBits = first * bits - before * 8;
  const rest = (before + carries) * 8 - last * bits;
  const groupDigits = (group * 8) / bits;
  const pads = groupDigits - 1 - (last % groupDigits);
  const text = digits.slice(first, last);
  return {
    kind,
    text,
    carries,
    folds: true,
    // The bits before the value are zero here, and so are those after it.
    lead:
      leadBits === 0 ? 0 : leadCode(radix, leadBits, alphabet.indexOf(digits.charAt(first - 1))),
    tails: rest === 0 ? '' : tailsOf(radix, rest, digits.charAt(last), pads, isBoth(text)),
  };
}

/** Whether a text of base64 has none of the characters in which its two alphabets differ. */
function isBoth(text: string): boolean {
  return !/[+/_-]/.test(text);
}

/**
 * `zero`: the character of `rest` known bits and zeros; `pads` fill the group if nothing comes after the value. `both`: it
 * may be of either alphabet of base64.
 */
function tailsOf(radix: Radix, rest: number, zero: string, pads: number, both: boolean): string {
  const key = `${zero}${pads}${both}`;
  const made = radix.tails.get(key);
  if (made !== undefined) return made;
  const known = radix.alphabet.indexOf(zero);
  const tails = Array.from(radix.alphabet.slice(known, known + (1 << (radix.bits - rest))));
  for (let n = 1; n <= pads; n++) tails.push(zero + PAD.repeat(n));
  // Base32 has no such characters.
  if (both) tails.push(...tails.map(otherAlphabet).filter((tail) => !tails.includes(tail)));
  radix.tails.set(key, tails.join(' '));
  return tails.join(' ');
}

function otherAlphabet(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_');
}

function writeBase32(bytes: Buffer, from: number): string {
  const digits = Buffer.allocUnsafe(Math.ceil(((bytes.length - from) * 8) / 5));
  let written = 0;
  let held = 0;
  let bits = 0;
  for (let at = from; at < bytes.length; at++) {
    held = ((held << 8) | (bytes[at] ?? 0)) & 0xffff;
    for (bits += 8; bits >= 5; written++) {
      bits -= 5;
      digits[written] = BASE32_CODES[(held >> bits) & 31] ?? 0;
    }
  }
  if (bits > 0) digits[written] = BASE32_CODES[(held << (5 - bits)) & 31] ?? 0;
  return digits.toString('latin1');
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
