/** Forms that write bytes as digits: hex and percent-encoding. */

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const UNRESERVED = `${ALPHANUMERIC}-._~`;

/** What the usual encoders leave as it is; `space`: what they write for a blank. */
const PERCENT_STYLES: readonly { readonly keep: string; readonly space?: string }[] = [
  { keep: '' }, // every byte
  { keep: ALPHANUMERIC },
  { keep: UNRESERVED }, // RFC 3986: curl, Ruby, most others
  { keep: `${UNRESERVED}!'()*` }, // encodeURIComponent
  { keep: `${UNRESERVED}/` }, // Python's quote
  { keep: `${UNRESERVED}$&+:=@` }, // Go's PathEscape
  { keep: `${UNRESERVED}$&+,;=` }, // Go's user information
  { keep: `${UNRESERVED}!$%&'()*+,` }, // WHATWG user information
  { keep: `${UNRESERVED}!$%&'()*+,/:;=@[\\]^|` }, // WHATWG path
  { keep: `${UNRESERVED}!$%&()*+,/:;=?@[\\]^\`{|}` }, // WHATWG query
  { keep: `${UNRESERVED};/?:@&=+$,#!'()*` }, // encodeURI
  { keep: UNRESERVED, space: '+' },
  { keep: `${ALPHANUMERIC}*-._`, space: '+' }, // forms
];

/** Plain, and with separators; blanks between are covered by the text without blanks. */
export function hexForms(value: Buffer): Buffer[] {
  const lower = value.toString('hex');
  const pairs = lower.match(/../g) ?? [];
  return [lower, pairs.join(':'), pairs.join('-')].flatMap((text) => [
    Buffer.from(text, 'latin1'),
    Buffer.from(text.toUpperCase(), 'latin1'),
  ]);
}

export function percentForms(value: Buffer): Buffer[] {
  const forms: Buffer[] = [];
  for (const { keep, space } of PERCENT_STYLES) {
    for (const upper of [true, false]) {
      const once = percentEncode(value, keep, upper, space);
      if (once === undefined) continue;
      forms.push(once);
      const twice = percentEncode(once, UNRESERVED, upper);
      if (twice !== undefined) forms.push(twice);
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
