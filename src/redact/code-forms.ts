/** Escapes of programming languages. */

import { LOWER_HEX, UPPER_HEX } from './byte-forms.ts';
import type { Spelling, Style } from './spelling.ts';
import { JSON_ESCAPES } from './text-forms.ts';

/** What any of them escapes. */
export const ESCAPED = /([^ -~]|["'\\])/;
const OCTAL = LOWER_HEX.map((_, byte) => byte.toString(8).padStart(3, '0'));
/** What a number begins with, and those of all bytes. */
const NUMBERS = [
  ['\\x', LOWER_HEX],
  ['\\x', UPPER_HEX],
  ['\\', OCTAL],
] as const;
/** Around the text; there one of them is escaped and the other is not. */
const QUOTES = ['', '"', "'"];
const [LOWER = [], ...OTHERS] = NUMBERS.map(([sign, numbers]) =>
  QUOTES.map((quote) => escapeStyle(sign, numbers, quote)),
);
const POINT_STYLES = { all: [], unprintable: QUOTES.map(pointStyle) };
const STYLES = { all: LOWER, unprintable: OTHERS.flat() };

/**
 * `\xNN` and octal, for every byte and only for those beyond ASCII, as C, Python and git print them. `spelling`: of the
 * value, a character for each byte, with ESCAPED or more.
 */
export function escapedForms(value: Buffer, spelling: Spelling, common: boolean): string[] {
  const every = (common ? NUMBERS.slice(0, 1) : NUMBERS).map(([sign, numbers]) => {
    const texts: string[] = [];
    for (let at = 0; at < value.length; at++) texts.push(numbers[value[at] ?? 0] ?? '');
    return sign + texts.join(sign);
  });
  return every.concat(spelling.spell(STYLES));
}

/** Python's `ascii`: by character, not by byte. `spelling`: of the text, with SPECIAL. */
export function pointForms(spelling: Spelling): string[] {
  return spelling.spell(POINT_STYLES);
}

function pointStyle(quote: string): Style {
  const inAscii = escapeStyle('\\x', LOWER_HEX, quote);
  return (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) return inAscii(character);
    const [sign, length] = code > 0xffff ? ['\\U', 8] : ['\\u', 4];
    return sign + code.toString(16).padStart(length, '0');
  };
}

function escapeStyle(sign: string, numbers: readonly string[], quote: string): Style {
  return (character) => {
    if (character === quote) return `\\${character}`;
    const named = character === '"' ? undefined : JSON_ESCAPES[character];
    if (named !== undefined) return named;
    if (character >= ' ' && character <= '~') return character;
    return sign + (numbers[character.charCodeAt(0)] ?? '');
  };
}
