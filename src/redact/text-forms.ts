/** Forms that escape characters: JSON, HTML and XML; and case. */

type Escape = (character: string) => string | undefined;

/** Every character that some style of JSON or HTML treats differently from the others. */
const SPECIAL = /[^\w %:.@-]/gu;

/** C and Python have the same. */
export const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};
const JSON_ESCAPED = /["\\\b\f\n\r\t]/g;
/** What JSON writers escape beyond the need: Go's `&<>`, .NET's and PHP's quotes. */
const JSON_EXTRAS = ['', '&<>', "&<>'", '&<>\'"+`'];

/** `common`: only in the usual styles. */
export function jsonForms(text: string, common: boolean): string[] {
  const forms = new Set<string>();
  const specials = specialsOf(text);
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
          forms.add(escapeSpecials(text, specials, escape));
        }
      }
    }
  }
  // JSON as a string inside JSON, and every character escaped.
  for (const form of Array.from(forms)) {
    forms.add(form.replaceAll(JSON_ESCAPED, (character) => JSON_ESCAPES[character] ?? character));
  }
  forms.add(escapeAll(text, (character) => unicodeEscape(character, false)));
  if (common) return [...forms];
  forms.add(escapeAll(text, (character) => unicodeEscape(character, true)));
  forms.add(
    escapeSpecials(text, specials, (character) =>
      character > '~' ? braceEscape(character) : undefined,
    ),
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
  const specials = specialsOf(text);
  for (const quotes of common ? QUOTE_STYLES.slice(0, USUAL_QUOTE_STYLES) : QUOTE_STYLES) {
    for (const beyond of [undefined, decimalEntity, hexEntity]) {
      forms.add(
        escapeSpecials(
          text,
          specials,
          (character) =>
            MARKUP[character] ??
            quotes[character] ??
            (character > '~' ? beyond?.(character) : undefined),
        ),
      );
    }
  }
  // `>` needs no escape, and many leave it.
  forms.add(
    escapeSpecials(text, specials, (character) =>
      character === '>' ? undefined : MARKUP[character],
    ),
  );
  if (common) return [...forms];
  for (const entity of [decimalEntity, hexEntity, upperHexEntity]) {
    forms.add(escapeAll(text, entity));
    forms.add(text.replaceAll(/[^A-Za-z0-9]/gu, entity));
  }
  return [...forms];
}

export function caseForms(text: string): string[] {
  return [text.toUpperCase(), text.toLowerCase()];
}

export function reversedForm(text: string): string {
  return Array.from(text).toReversed().join('');
}

/** Each of the special characters in the text once: most texts have few or none. */
function specialsOf(text: string): string[] {
  return [...new Set(text.match(SPECIAL))];
}

/** Escapes no others: what a style does to a character does not depend on those around it. */
function escapeSpecials(text: string, specials: readonly string[], escape: Escape): string {
  let result = text;
  const escapes = new Map<string, string>();
  for (const character of specials) {
    const escaped = escape(character);
    if (escaped !== undefined) escapes.set(character, escaped);
  }
  if (escapes.size > 0) {
    result = text.replaceAll(SPECIAL, (character) => escapes.get(character) ?? character);
  }
  return result;
}

function escapeAll(text: string, escape: (character: string) => string): string {
  let result = '';
  for (const character of text) result += escape(character);
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
