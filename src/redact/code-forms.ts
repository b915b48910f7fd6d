/** Escapes of programming languages. */

import { JSON_ESCAPES } from './text-forms.ts';

type Style = (byte: number) => string;

const STYLES = [
  tableOf((byte) => `\\x${byte.toString(16).padStart(2, '0')}`),
  tableOf((byte) => `\\x${byte.toString(16).padStart(2, '0').toUpperCase()}`),
  tableOf((byte) => `\\${byte.toString(8).padStart(3, '0')}`),
];
/** Around the text; there one of them is escaped and the other is not. */
const QUOTES = ['', '"', "'"];
/** What any of them escapes. */
const ESCAPED = /[^ -~]|["'\\]/;

/** `\xNN` and octal, for every byte and only for those beyond ASCII, as C, Python and git print them. */
export function escapedForms(value: Uint8Array, common: boolean): Buffer[] {
  const forms = STYLES.slice(0, common ? 1 : STYLES.length).map((style) => {
    let form = '';
    for (const byte of value) form += style(byte);
    return form;
  });
  const text = Buffer.from(value).toString('latin1');
  if (ESCAPED.test(text)) {
    forms.push(...STYLES.flatMap((style) => QUOTES.map((quote) => escape(text, style, quote))));
  } else forms.push(text);
  return forms.map((form) => Buffer.from(form, 'latin1'));
}

function escape(text: string, style: Style, quote: string): string {
  let form = '';
  for (const character of text) {
    const named = character === '"' ? undefined : JSON_ESCAPES[character];
    if (character === quote) form += `\\${character}`;
    else if (named !== undefined) form += named;
    else form += character < ' ' || character > '~' ? style(character.charCodeAt(0)) : character;
  }
  return form;
}

/** Every byte of every value is written in every style. */
function tableOf(style: Style): Style {
  const texts = Array.from({ length: 256 }, (_, byte) => style(byte));
  return (byte) => texts[byte] ?? '';
}
