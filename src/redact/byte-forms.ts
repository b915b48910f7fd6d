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

/** Plain, and with separators; blanks between are covered by the text without blanks. */
export function hexForms(value: Buffer, common: boolean): Buffer[] {
  const lower = value.toString('hex');
  const pairs = lower.match(/../g) ?? [];
  const texts = [lower, pairs.join(':'), ...(common ? [] : [pairs.join('-')])];
  return texts.flatMap((text) => [
    Buffer.from(text, 'latin1'),
    Buffer.from(text.toUpperCase(), 'latin1'),
  ]);
}

/** `common`: only in the usual styles. */
export function percentForms(value: Buffer, common: boolean): Buffer[] {
  const forms: Buffer[] = [];
  for (const { keep, space, common: usual } of PERCENT_STYLES) {
    if (common && usual !== true) continue;
    for (const upper of [true, false]) {
      const once = percentEncode(value, keep, upper, space);
      if (once === undefined) continue;
      forms.push(once);
      // The second time by the same encoder, or by one that escapes more.
      for (const again of common ? [UNRESERVED] : [UNRESERVED, keep.replace('%', '')]) {
        const twice = again === '' ? undefined : percentEncode(once, again, upper);
        if (twice !== undefined) forms.push(twice);
      }
    }
  }
  return forms;
}

/** Undefined when nothing had to be encoded. */
function percentEncode(
  value: Buffer,
  keep: string,
  upper: boolean,
  space?: string,
): Buffer | undefined {
  const parts: string[] = [];
  let changed = false;
  for (const byte of value) {
    const character = String.fromCharCode(byte);
    if (keep.includes(character)) parts.push(character);
    else {
      const hex = byte.toString(16).padStart(2, '0');
      parts.push(
        byte === 0x20 && space !== undefined ? space : `%${upper ? hex.toUpperCase() : hex}`,
      );
      changed = true;
    }
  }
  return changed ? Buffer.from(parts.join(''), 'latin1') : undefined;
}
