/** Forms that write bytes as digits: hex and percent-encoding. */

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const UNRESERVED = `${ALPHANUMERIC}-._~`;

interface PercentStyle {
  /** What it leaves as it is. */
  readonly keep: string;
  /** What it writes for a blank. */
  readonly space?: string;
  readonly common?: boolean;
}

const PERCENT_STYLES: readonly PercentStyle[] = [
  { keep: '', common: true }, // every byte
  { keep: ALPHANUMERIC },
  { keep: UNRESERVED, common: true }, // RFC 3986: curl, Ruby, most others
  { keep: `${UNRESERVED}!'()*`, common: true }, // encodeURIComponent
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

/** What a style leaves, looked up once for every byte of every value. */
const KEPT = new Map<string, Uint8Array>();
const LOWER_HEX = Array.from({ length: 256 }, (_, byte) => `%${digitsOf(byte)}`);
const UPPER_HEX = LOWER_HEX.map((text) => text.toUpperCase());

/**
 * Plain, and with separators; blanks between are covered by the text without blanks. With `tellsFrom`
 * leading bytes of the value, that part of each form tells too.
 */
export function hexForms(
  value: Buffer,
  common: boolean,
  tellsFrom?: number,
): { bytes: Buffer; tellsFrom?: number }[] {
  const lower = value.toString('hex');
  const pairs = lower.match(/../g) ?? [];
  return ['', ':', ...(common ? [] : ['-'])].flatMap((separator) => {
    const text = pairs.join(separator);
    const telling = tellsFrom === undefined ? {} : { tellsFrom: hexLength(tellsFrom, separator) };
    return [text, text.toUpperCase()].map((form) => ({
      bytes: Buffer.from(form, 'latin1'),
      ...telling,
    }));
  });
}

function hexLength(bytes: number, separator: string): number {
  return (2 + separator.length) * bytes - separator.length;
}

/** `common`: only in the usual styles. */
export function percentForms(value: Buffer, common: boolean): Buffer[] {
  const text = value.toString('latin1');
  const forms: string[] = [];
  for (const { keep, space, common: usual } of PERCENT_STYLES) {
    if (common && usual !== true) continue;
    for (const upper of [true, false]) {
      const once = percentEncode(text, keep, upper, space);
      if (once === undefined) break;
      forms.push(once);
      // The second time by the same encoder, or by one that escapes more.
      for (const again of common ? [UNRESERVED] : [UNRESERVED, keep.replace('%', '')]) {
        const twice = again === '' ? undefined : percentEncode(once, again, upper);
        if (twice !== undefined) forms.push(twice);
      }
    }
  }
  return Array.from(new Set(forms), (form) => Buffer.from(form, 'latin1'));
}

/** Undefined when nothing had to be encoded. `text`: a byte for each character. */
function percentEncode(
  text: string,
  keep: string,
  upper: boolean,
  space?: string,
): string | undefined {
  const kept = keptBy(keep);
  const hex = upper ? UPPER_HEX : LOWER_HEX;
  let result = '';
  /** Up to here the text is in the result: runs that are kept are copied at once. */
  let done = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at);
    if (kept[byte] === 1) continue;
    result += text.slice(done, at);
    result += byte === 0x20 && space !== undefined ? space : (hex[byte] ?? '');
    done = at + 1;
  }
  return done === 0 ? undefined : result + text.slice(done);
}

function keptBy(keep: string): Uint8Array {
  const known = KEPT.get(keep);
  if (known !== undefined) return known;
  const kept = new Uint8Array(256);
  for (let at = 0; at < keep.length; at++) kept[keep.charCodeAt(at)] = 1;
  KEPT.set(keep, kept);
  return kept;
}

function digitsOf(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
