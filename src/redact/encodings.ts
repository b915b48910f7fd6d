/**
 * The forms of one value: every byte sequence that gives it away and that programs really print.
 *
 * A session makes those of all its values before it shows a byte, in code that is not compiled yet: so no form is made
 * twice where that can be told, and long texts are left to built-in functions.
 */

import { isAscii, isUtf8 } from 'node:buffer';
import { base32Forms, base64Forms } from './radix.ts';
import { hexForms, hexPairs, percentForms } from './byte-forms.ts';
import { dumpForms } from './dump-forms.ts';
import { tellingLines } from './lines.ts';
import { tellingLength } from './opaque.ts';
import { ESCAPED, escapedForms, pointForms } from './code-forms.ts';
import { caseForms, htmlForms, jsonForms, reversedForm, SPECIAL } from './text-forms.ts';
import { shellForms } from './shell-forms.ts';
import { openSpelling } from './spelling.ts';

/** 'raw': only the bytes themselves, still through escapes and line ends. */
export type FormChoice = 'all' | 'raw';

/**
 * What a mask is counted as. The place of each is its number in the engine, 16 of them at most; the first stands
 * for the beginning of any other.
 */
export const FORM_KINDS = [
  'prefix',
  'raw',
  'line',
  'base64',
  'base32',
  'hex',
  'percent',
  'json',
  'html',
  'escape',
  'shell',
  'case',
  'reversed',
  'dump',
] as const;
export type FormKind = (typeof FORM_KINDS)[number];

export interface Form {
  readonly kind: FormKind;
  /** A character for each of its bytes (Latin-1). */
  readonly text: string;
  /** How many bytes of the value it gives away: what may be shown early is reckoned from this. */
  readonly carries: number;
  /** It may be folded and indented: it is searched for in the text without blanks as well. */
  readonly folds?: boolean;
  /** Code of what is known of the character before it (see radix.ts). */
  readonly lead?: number;
  /** What may follow and belongs to it: words of 8 bytes at most, with blanks between them. */
  readonly tails?: string;
  /** So many leading bytes of it tell already: they are masked without the rest. */
  readonly tellsFrom?: number;
}

/** A derived form below this is a word or a number as likely as a value. */
const MIN_TELLING_BYTES = 8;
/** The same for values that are themselves that short (they mask ordinary text anyway). */
const MIN_SHORT_BYTES = 6;
/**
 * Of a value longer than this only the usual style of each encoding is looked for: the tables grow
 * with the length times the number of forms, and a key file has some hundred rare ones.
 */
const LONG_VALUE_BYTES = 1024;
/** A value with blanks in it is looked for without them only if it is this long. */
const MIN_FOLDED_BYTES = 12;

const SPACES = /[\t\n\v\f\r ]+/g;
const LINE_END = /\r\n|\r|\n/;

/** Gives the forms of a value without repeats, its own bytes first. */
export function formsOf(value: Buffer, choice: FormChoice): Form[] {
  const list = openList(value, choice);
  // Latin-1 keeps bytes and characters one to one.
  const bytes = value.toString('latin1');
  const carries = value.length;
  const tellsFrom = choice === 'all' ? tellingLength(value) : undefined;
  const whole: Form = { kind: 'raw', text: bytes, carries };
  // Dumps of characters put blanks between; no prose is taken for a token when they are removed.
  list.add(tellsFrom === undefined ? whole : { ...whole, tellsFrom, folds: true });
  addFolded(bytes, list);
  if (choice === 'all') {
    tellingLines(bytes).forEach((line) =>
      list.add({ kind: 'line', text: line, carries: line.length }),
    );
    addEncoded(value, bytes, tellsFrom, list);
    addEscaped(value, bytes, list);
  }
  return list.forms;
}

interface FormList {
  readonly forms: Form[];
  readonly add: (form: Form) => void;
  /** Adds forms of the whole value that do not fold, tell by their beginning or have a lead. */
  readonly addAll: (kind: FormKind, texts: readonly string[]) => void;
}

/** A list of forms without repeats, and without those but the first that are too short to tell. */
function openList(value: Buffer, choice: FormChoice): FormList {
  const carries = value.length;
  const short = carries < MIN_TELLING_BYTES ? MIN_SHORT_BYTES : MIN_TELLING_BYTES;
  const least = choice === 'raw' ? 0 : short;
  const forms: Form[] = [];
  const places = new Map<string, number>();
  const push = (form: Form): void => {
    places.set(form.text, forms.push(form) - 1);
  };
  return {
    forms,
    add(form) {
      if (form.text.length < least && forms.length > 0) return;
      // With another lead it is another form, and radix.ts makes none twice.
      if (form.lead !== undefined && form.lead !== 0) {
        forms.push(form);
        return;
      }
      const place = places.get(form.text) ?? -1;
      const known = forms[place];
      if (known === undefined) push(form);
      else if (form.folds === true && known.folds !== true) {
        forms[place] = { ...known, ...form, kind: known.kind };
      }
    },
    addAll(kind, texts) {
      texts.forEach((text) => {
        if (text.length >= least && !places.has(text)) push({ kind, text, carries });
      });
    },
  };
}

/** A line end in the value matches any run of white space, so do its other blanks. */
function addFolded(bytes: string, list: FormList): void {
  const text = bytes.trim();
  const multiLine = LINE_END.test(text);
  const packed = text.replace(SPACES, '');
  if (packed !== text && packed.length >= (multiLine ? MIN_TELLING_BYTES : MIN_FOLDED_BYTES)) {
    list.add({ kind: 'raw', text, carries: bytes.length, folds: true });
  } else if (multiLine) list.addAll('raw', [text.replace(SPACES, ' ')]);
}

function addEncoded(
  value: Buffer,
  bytes: string,
  tellsFrom: number | undefined,
  list: FormList,
): void {
  const carries = value.length;
  const pairs = hexPairs(value);
  base64Forms(value).forEach(list.add);
  base32Forms(value).forEach(list.add);
  // With the padding of a whole encoding even the forms of a very short value tell.
  list.add({ kind: 'base64', text: value.toString('base64'), carries, folds: true });
  hexForms(pairs, isLong(value), tellsFrom).forEach(list.add);
  list.addAll('percent', percentForms(bytes, pairs, isLong(value)));
  if (tellsFrom !== undefined) dumpForms(value, pairs, tellsFrom).forEach(list.add);
}

function addEscaped(value: Buffer, bytes: string, list: FormList): void {
  const long = isLong(value);
  // In ASCII characters and bytes are one: forms of the ones are not made of the others again.
  const ascii = isAscii(value);
  const text = ascii ? bytes : value.toString('utf8');
  const spelling = openSpelling(text, SPECIAL);
  const add = (kind: FormKind, forms: string[]): void => {
    list.addAll(kind, ascii ? forms : forms.map(utf8));
  };
  // What is no UTF-8 has no characters to escape.
  if (isUtf8(value)) {
    add('json', jsonForms(text, spelling, long));
    add('html', htmlForms(text, spelling, long));
    add('shell', shellForms(text, spelling, long));
    add('escape', pointForms(spelling));
    // Of a short value these are words of their own.
    if (value.length >= MIN_TELLING_BYTES) {
      add('case', caseForms(text));
      add('reversed', [reversedForm(text)]);
    }
  }
  const byByte = ascii ? spelling : openSpelling(bytes, ESCAPED);
  list.addAll('escape', escapedForms(value, byByte, long));
}

/** The bytes of a text in UTF-8, a character for each. */
function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function isLong(value: Buffer): boolean {
  return value.length > LONG_VALUE_BYTES;
}
