/** Forms that escape characters: JSON, HTML and XML, the escapes of programming languages, case. */

type Escape = (character: string) => string | undefined;

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};
/** What JSON writers escape beyond the need: Go's `&<>`, .NET's and PHP's quotes. */
const JSON_EXTRAS = ['', '&<>', "&<>'", '&<>\'"+`'];

/** `common`: only in the usual styles. */
export function jsonForms(text: string, common: boolean): string[] {
  const forms = new Set<string>();
  for (const slash of [false, true]) {
    for (const upper of [false, true]) {
      for (const ascii of [false, true]) {
        for (const extra of common ? JSON_EXTRAS.slice(0, 2) : JSON_EXTRAS) {
          const escape: Escape = (character) => {
            if (extra.includes(character)) return unicodeEscape(character, upper);
            if (slash && character === '/') return '\\/';
            const short = JSON_ESCAPES[character];
            if (short !== undefined) return short;
            if (character < ' ' || (ascii && character > '~')) {
              return unicodeEscape(character, upper);
            }
            return undefined;
          };
          forms.add(escapeEach(text, escape));
        }
      }
    }
  }
  // JSON as a string inside JSON, and every character escaped.
  for (const form of Array.from(forms))
    forms.add(escapeEach(form, (character) => JSON_ESCAPES[character]));
  forms.add(escapeEach(text, (character) => unicodeEscape(character, false)));
  if (common) return [...forms];
  forms.add(escapeEach(text, (character) => unicodeEscape(character, true)));
  forms.add(
    escapeEach(text, (character) => (character > '~' ? braceEscape(character) : undefined)),
  );
  return [...forms];
}

/** How each writer spells quotes; `&<>` are always escaped, characters beyond ASCII maybe. */
const QUOTE_STYLES: readonly Readonly<Record<string, string>>[] = [
  {},
  { '"': '&quot;' },
  { "'": '&#39;' },
  { '"': '&quot;', "'": '&#39;' },
  { '"': '&quot;', "'": '&#039;' },
  { '"': '&quot;', "'": '&#x27;' },
  { '"': '&quot;', "'": '&apos;' },
  { '"': '&#34;', "'": '&#39;' },
  { '"': '&quot;', "'": '&#39;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' },
  { '"': '&quot;', "'": '&#x27;', '/': '&#x2F;' },
  { '"': '&quot;', "'": '&#x27;', '`': '&#x60;', '=': '&#x3D;' },
  { '"': '&#34;', "'": '&#39;', '+': '&#43;' },
  { '"': '&quot;', "'": '&#x27;', '+': '&#x2B;' },
];
/** The first of them. */
const USUAL_QUOTE_STYLES = 8;
const MARKUP: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

export function htmlForms(text: string, common: boolean): string[] {
  const forms = new Set<string>();
  for (const quotes of common ? QUOTE_STYLES.slice(0, USUAL_QUOTE_STYLES) : QUOTE_STYLES) {
    for (const beyond of [undefined, decimalEntity, hexEntity]) {
      forms.add(
        escapeEach(
          text,
          (character) =>
            MARKUP[character] ??
            quotes[character] ??
            (character > '~' ? beyond?.(character) : undefined),
        ),
      );
    }
  }
  // `>` needs no escape, and many leave it.
  const open = escapeEach(text, (character) => (character === '>' ? undefined : MARKUP[character]));
  forms.add(open);
  if (common) return [...forms];
  for (const entity of [decimalEntity, hexEntity, upperHexEntity]) {
    forms.add(escapeEach(text, entity));
    forms.add(
      escapeEach(text, (character) =>
        /[A-Za-z0-9]/.test(character) ? undefined : entity(character),
      ),
    );
  }
  return [...forms];
}

export function caseForms(text: string): string[] {
  return [text.toUpperCase(), text.toLowerCase(), Array.from(text).toReversed().join('')];
}

/** `\xNN` and octal, for every byte and only for those beyond ASCII, as C, Python and git print them. */
export function escapedForms(value: Uint8Array, common: boolean): Buffer[] {
  const styles = [
    (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`,
    (byte: number) => `\\x${byte.toString(16).padStart(2, '0').toUpperCase()}`,
    (byte: number) => `\\${byte.toString(8).padStart(3, '0')}`,
  ];
  const forms = styles
    .slice(0, common ? 1 : styles.length)
    .map((style) => Array.from(value, style).join(''));
  for (const style of styles) {
    for (const quotes of ['', '"', "'"]) {
      let form = '';
      for (const byte of value) {
        const character = String.fromCharCode(byte);
        const short = quotes.includes(character) ? undefined : cEscape(character, quotes);
        if (quotes !== '' && character === quotes) form += `\\${character}`;
        else if (short !== undefined) form += short;
        else form += byte < 0x20 || byte > 0x7e ? style(byte) : character;
      }
      forms.push(form);
    }
  }
  return forms.map((form) => Buffer.from(form, 'latin1'));
}

function cEscape(character: string, quotes: string): string | undefined {
  return character === '"' && quotes !== '"' ? undefined : JSON_ESCAPES[character];
}

function escapeEach(text: string, escape: Escape): string {
  let result = '';
  for (const character of text) result += escape(character) ?? character;
  return result;
}

function unicodeEscape(character: string, upper: boolean): string {
  let result = '';
  for (let at = 0; at < character.length; at++) {
    const hex = character.charCodeAt(at).toString(16).padStart(4, '0');
    result += `\\u${upper ? hex.toUpperCase() : hex}`;
  }
  return result;
}

function braceEscape(character: string): string {
  return `\\u{${codeOf(character).toString(16)}}`;
}

function decimalEntity(character: string): string {
  return `&#${codeOf(character)};`;
}

function hexEntity(character: string): string {
  return `&#x${codeOf(character).toString(16)};`;
}

function upperHexEntity(character: string): string {
  return `&#x${codeOf(character).toString(16).toUpperCase()};`;
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
