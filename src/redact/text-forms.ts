/** Forms that escape characters: JSON, HTML and XML; and case. */

import { compose, type Spelling, type Style, type Styles } from './spelling.ts';

/** Every character that some style of JSON, HTML, shells or C treats differently from the others. */
export const SPECIAL = /([^\w%:.@-])/u;

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
/** What JSON writers escape beyond the need: Go's `&<>`, .NET's and PHP's quotes. */
const JSON_EXTRAS = ['', '&<>', "&<>'", '&<>\'"+`'];
const USUAL_JSON_STYLES = jsonStyles(JSON_EXTRAS.slice(0, 2));
const JSON_STYLES = jsonStyles(JSON_EXTRAS, braceStyle);

/** `common`: only in the usual styles. */
export function jsonForms(text: string, spelling: Spelling, common: boolean): string[] {
  const forms = spelling.spell(common ? USUAL_JSON_STYLES : JSON_STYLES);
  // Every character: UTF-16, whose units are in memory with their second byte first.
  const units = Buffer.from(text, 'utf16le').toString('hex');
  forms.push(units.replaceAll(/(..)(..)/g, '\\u$2$1'));
  if (common) return forms;
  forms.push(units.toUpperCase().replaceAll(/(..)(..)/g, '\\u$2$1'));
  return forms;
}

function jsonStyles(extras: readonly string[], ...others: readonly Style[]): Styles {
  const styles = (ascii: boolean): Style[] => {
    const once = [false, true].flatMap((slash) =>
      [false, true].flatMap((upper) =>
        extras.map((extra) => jsonStyle(slash, upper, ascii, extra)),
      ),
    );
    // JSON as a string inside JSON.
    return [...once, ...once.map((style) => compose(style, escapeInString))];
  };
  return { all: styles(false), unprintable: [...styles(true), ...others] };
}

function escapeInString(character: string): string {
  return JSON_ESCAPES[character] ?? character;
}

function jsonStyle(slash: boolean, upper: boolean, ascii: boolean, extra: string): Style {
  return (character) => {
    if (extra.includes(character)) return unicodeEscape(character, upper);
    if (slash && character === '/') return '\\/';
    const short = JSON_ESCAPES[character];
    if (short !== undefined) return short;
    const escaped = character < ' ' || (ascii && character > '~');
    return escaped ? unicodeEscape(character, upper) : character;
  };
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

const USUAL_HTML_STYLES = htmlStyles(QUOTE_STYLES.slice(0, USUAL_QUOTE_STYLES));
const HTML_STYLES = htmlStyles(QUOTE_STYLES);

/** `common`: only in the usual styles. */
export function htmlForms(text: string, spelling: Spelling, common: boolean): string[] {
  if (common) return spelling.spell(USUAL_HTML_STYLES);
  const codes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0;
    codes.push(code);
    if (code > 0xffff) at++;
  }
  const hex = codes.map((code) => code.toString(16));
  const upperHex = hex.map((digits) => digits.toUpperCase());
  const forms = spelling.spell(HTML_STYLES);
  // Every character, and every one that is no letter or digit.
  forms.push(`&#${codes.join(';&#')};`, `&#x${hex.join(';&#x')};`, `&#x${upperHex.join(';&#x')};`);
  for (const entity of [decimalEntity, hexEntity, upperHexEntity]) {
    forms.push(text.replaceAll(/[^A-Za-z0-9]/gu, entity));
  }
  return forms;
}

function htmlStyles(quoteStyles: readonly Readonly<Record<string, string>>[]): Styles {
  return {
    all: [
      ...quoteStyles.map((quotes) => htmlStyle(quotes, undefined)),
      // `>` needs no escape, and many leave it.
      (character) => (character === '>' ? character : (MARKUP[character] ?? character)),
    ],
    unprintable: quoteStyles.flatMap((quotes) =>
      [decimalEntity, hexEntity].map((beyond) => htmlStyle(quotes, beyond)),
    ),
  };
}

function htmlStyle(quotes: Readonly<Record<string, string>>, beyond: Style | undefined): Style {
  return (character) =>
    MARKUP[character] ??
    quotes[character] ??
    (character > '~' ? beyond?.(character) : undefined) ??
    character;
}

export function caseForms(text: string): string[] {
  return [text.toUpperCase(), text.toLowerCase()];
}

export function reversedForm(text: string): string {
  return (text.match(/./gsu) ?? []).toReversed().join('');
}

function unicodeEscape(character: string, upper: boolean): string {
  let result = '';
  for (let at = 0; at < character.length; at++) {
    const hex = character.charCodeAt(at).toString(16).padStart(4, '0');
    result += `\\u${upper ? hex.toUpperCase() : hex}`;
  }
  return result;
}

function braceStyle(character: string): string {
  return character > '~' ? `\\u{${codeOf(character).toString(16)}}` : character;
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
