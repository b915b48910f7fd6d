/** Forms that write bytes as digits: hex and percent-encoding. */

import type { Form } from './encodings.ts';
import { openSpelling, type Style } from './spelling.ts';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const UNRESERVED = `${ALPHANUMERIC}-._~`;
/** What encodeURIComponent leaves. */
const COMPONENT = `${UNRESERVED}!'()*`;
/** Letters and digits change only where every byte does. */
const SPECIAL = /([^A-Za-z0-9])/;

interface PercentStyle {
  /** What it leaves as it is. */
  readonly keep: string;
  /** What it writes for a blank. */
  readonly space?: string;
  readonly common?: boolean;
}

/** All but the one that writes every byte. */
const PERCENT_STYLES: readonly PercentStyle[] = [
  { keep: ALPHANUMERIC },
  { keep: UNRESERVED, common: true }, // RFC 3986: curl, Ruby, most others
  { keep: COMPONENT, common: true },
  { keep: `${UNRESERVED}/` }, // Python's quote
  { keep: `${UNRESERVED}$&+:=@` }, // Go's PathEscape
  { keep: `${UNRESERVED}$&+,;=` }, // Go's user information
  { keep: `${UNRESERVED}!$%&'()*+,` }, // WHATWG user information
  { keep: `${UNRESERVED}!$%&'()*+,/:;=@[\\]^|` }, // WHATWG path
  { keep: `${UNRESERVED}!$%&()*+,/:;=?@[\\]^\`{|}` }, // WHATWG query
  { keep: `${UNRESERVED};/?:@&=+$,#!'()*` }, // encodeURI
  { keep: UNRESERVED, space: '+' },
  { keep: `${ALPHANUMERIC}*-._`, space: '+', common: true }, // forms
];

/** A percent sign that was encoded itself. */
const TWICE = '%25';

/** The two digits of every byte there is. */
export const LOWER_HEX = hexPairs(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
export const UPPER_HEX = LOWER_HEX.map((pair) => pair.toUpperCase());

/** The two digits of each byte. */
export function hexPairs(bytes: Buffer): string[] {
  return bytes.toString('hex').match(/../g) ?? [];
}

/**
 * Plain, and with separators; blanks between are covered by the text without blanks. With `tellsFrom`
 * leading bytes of the value, that part of each form tells too.
 */
export function hexForms(pairs: readonly string[], common: boolean, tellsFrom?: number): Form[] {
  const forms: Form[] = [];
  for (const separator of common ? ['', ':'] : ['', ':', '-']) {
    const lower = pairs.join(separator);
    const telling = tellsFrom === undefined ? {} : { tellsFrom: hexLength(tellsFrom, separator) };
    for (const text of [lower, lower.toUpperCase()]) {
      forms.push({ kind: 'hex', text, carries: pairs.length, folds: true, ...telling });
    }
  }
  return forms;
}

function hexLength(bytes: number, separator: string): number {
  return (2 + separator.length) * bytes - separator.length;
}

/** `bytes`: the value, a character for each; `pairs`: its digits. `common`: only in the usual styles. */
export function percentForms(bytes: string, pairs: readonly string[], common: boolean): string[] {
  const forms = ['%', TWICE].flatMap((sign) => {
    const every = sign + pairs.join(sign);
    return [every.toUpperCase(), every];
  });
  const { specials, spell } = openSpelling(bytes, SPECIAL);
  const blank = specials.includes(' ');
  // By what a style keeps; one that keeps everything makes no form.
  const known = new Set([` ${specials.join('')}`]);
  for (const { keep, space, common: usual } of PERCENT_STYLES) {
    if (common && usual !== true) continue;
    const kept = specials.filter((character) => keep.includes(character)).join('');
    const key = `${blank ? (space ?? '') : ''} ${kept}`;
    if (known.has(key)) continue;
    known.add(key);
    const all = [UPPER_HEX, LOWER_HEX].flatMap((hex) => {
      const once = percentStyle(keep, hex, space);
      // The second time by the same encoder, or by one that escapes more.
      const again = common ? [UNRESERVED] : [UNRESERVED, COMPONENT, keep.replace('%', '')];
      return [once, ...again.map((left) => twiceStyle(once, percentStyle(left, hex)))];
    });
    forms.push(...spell({ all, unprintable: [] }));
  }
  return forms;
}

function percentStyle(keep: string, hex: readonly string[], space = '%20'): Style {
  return (character) => {
    if (keep.includes(character)) return character;
    return character === ' ' ? space : `%${hex[character.charCodeAt(0)] ?? ''}`;
  };
}

function twiceStyle(first: Style, second: Style): Style {
  return (character) => {
    const once = first(character);
    return once.length === 1 ? second(once) : TWICE + once.slice(1);
  };
}
