/**
 * The forms of one value: every byte sequence that gives it away and that programs really print.
 */

import { BASE32, BASE64, BASE64URL, radixForms, type Radix } from './radix.ts';
import { hexForms, percentForms } from './byte-forms.ts';
import { dumpForms } from './dump-forms.ts';
import { tellingLines } from './lines.ts';
import { tellingLength } from './opaque.ts';
import { escapedForms } from './code-forms.ts';
import { caseForms, htmlForms, jsonForms, reversedForm } from './text-forms.ts';
import { shellForms } from './shell-forms.ts';

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
  readonly bytes: Uint8Array;
  /** How many bytes of the value it gives away: what may be shown early is reckoned from this. */
  readonly carries: number;
  /** It may be folded and indented: it is searched for in the text without blanks as well. */
  readonly folds?: boolean;
  /** Code of what is known of the character before it (see radix.ts). */
  readonly lead?: number;
  /** What may follow and belongs to it. */
  readonly tails?: readonly Uint8Array[];
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
  const whole: Form = { kind: 'raw', bytes: value, carries: value.length };
  const tellsFrom = choice === 'all' ? tellingLength(value) : undefined;
  const forms: Form[] = [
    // Dumps of characters put blanks between; no prose is taken for a token when they are removed.
    tellsFrom === undefined ? whole : { ...whole, tellsFrom, folds: true },
    ...foldedForms(value),
  ];
  if (choice === 'all') {
    const least = value.length < MIN_TELLING_BYTES ? MIN_SHORT_BYTES : MIN_TELLING_BYTES;
    forms.push(
      ...tellingLines(value).map((line) => ({
        kind: 'line' as const,
        bytes: line,
        carries: line.length,
      })),
      ...encodedForms(value, tellsFrom),
      ...(tellsFrom === undefined ? [] : dumpForms(value, tellsFrom)),
      ...textForms(value, least),
    );
    return distinct(forms.filter((form, at) => at === 0 || form.bytes.length >= least));
  }
  return distinct(forms);
}

/** A line end in the value matches any run of white space, so do its other blanks. */
function foldedForms(value: Buffer): Form[] {
  // Latin-1 keeps bytes and characters one to one.
  const text = value.toString('latin1').trim();
  const multiLine = LINE_END.test(text);
  const packed = text.replace(SPACES, '');
  if (packed === text || packed.length < (multiLine ? MIN_TELLING_BYTES : MIN_FOLDED_BYTES)) {
    return multiLine
      ? [{ kind: 'raw', bytes: latin1(text.replace(SPACES, ' ')), carries: value.length }]
      : [];
  }
  return [{ kind: 'raw', bytes: latin1(text), carries: value.length, folds: true }];
}

function encodedForms(value: Buffer, tellsFrom: number | undefined): Form[] {
  const carries = value.length;
  const radix = (kind: FormKind, ...bases: readonly Radix[]): Form[] =>
    bases
      .flatMap((base) => radixForms(value, base))
      .map((form) => ({ ...form, kind, carries, folds: true }));
  return [
    ...radix('base64', BASE64, BASE64URL),
    ...radix('base32', BASE32),
    // With the padding of a whole encoding even the forms of a very short value tell.
    { kind: 'base64', bytes: latin1(value.toString('base64')), carries, folds: true },
    ...hexForms(value, isLong(value), tellsFrom).map((form) => ({
      ...form,
      kind: 'hex' as const,
      carries,
      folds: true,
    })),
    ...percentForms(value, isLong(value)).map((bytes) => ({
      kind: 'percent' as const,
      bytes,
      carries,
    })),
  ];
}

function textForms(value: Buffer, least: number): Form[] {
  const common = isLong(value);
  const text = value.toString('utf8');
  // What is no UTF-8 has no characters to escape.
  const isText = Buffer.from(text, 'utf8').equals(value);
  const texts: readonly (readonly [FormKind, readonly string[]])[] = [
    ['json', jsonForms(text, common)],
    ['html', htmlForms(text, common)],
    ['shell', shellForms(text, common)],
    // Of a short value these are words of their own.
    ['case', value.length < MIN_TELLING_BYTES ? [] : caseForms(text)],
    ['reversed', value.length < MIN_TELLING_BYTES ? [] : [reversedForm(text)]],
  ];
  const carries = value.length;
  return [
    ...(isText ? texts : []).flatMap(([kind, forms]) =>
      forms.map((form) => ({ kind, bytes: Buffer.from(form, 'utf8'), carries })),
    ),
    ...escapedForms(value, common).map((bytes) => ({ kind: 'escape' as const, bytes, carries })),
  ].filter(({ bytes }) => bytes.length >= least);
}

function distinct(forms: readonly Form[]): Form[] {
  const seen = new Map<string, Form>();
  for (const form of forms) {
    const { buffer, byteOffset, byteLength } = form.bytes;
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
    // No form has the character of a lead code, which is beyond Latin-1.
    const lead = form.lead ?? 0;
    const key = lead === 0 ? text : String.fromCharCode(0x100 + lead) + text;
    const known = seen.get(key);
    if (known === undefined) seen.set(key, form);
    else if (form.folds === true && known.folds !== true)
      seen.set(key, { ...known, ...form, kind: known.kind });
  }
  return [...seen.values()];
}

function isLong(value: Buffer): boolean {
  return value.length > LONG_VALUE_BYTES;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
