import * as fc from 'fast-check';
import { formsOf } from '../../src/redact/encodings.ts';

/** Random streams for the property tests: text, values in all forms, and what may stand between. */

/** One character of these. */
export function oneOf(characters: string): fc.Arbitrary<string> {
  return fc.constantFrom(...Array.from(characters));
}

export interface Scene {
  readonly values: Buffer[];
  readonly stream: Buffer;
  /** Places to cut the stream at, as fractions of its length. */
  readonly cuts: readonly number[];
}

/** A few letters only, so that values overlap themselves and each other. */
const tightValue = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 9 });
const wideValue = fc.string({
  unit: oneOf('kLq7 "\'&/<+=é$\\%'),
  minLength: 8,
  maxLength: 20,
});
const linedValue = fc
  .array(fc.string({ unit: oneOf('kLq7R2xz'), minLength: 3, maxLength: 16 }), {
    minLength: 2,
    maxLength: 4,
  })
  .map((lines) => lines.join('\n'));
/** Most of these tell by a leading part alone. */
const opaqueValue = fc.string({ unit: oneOf('kLq7R2xz9MbT4PX'), minLength: 16, maxLength: 24 });
export const value = fc
  .oneof(tightValue, wideValue, linedValue, opaqueValue)
  .filter((text) => text.replaceAll(/[\n ]/g, '').length >= 4)
  .map((text) => Buffer.from(text, 'utf8'));

const HARMLESS = ['\x1b[31m', '\x1b[0m', '\x1b(B', '\x1b[2;1H', '\x1b]0;title\x07', '\r\n', '\n'];
const harmless = fc.constantFrom(...HARMLESS, '\0', '\x07', '\t', '\x1b]8;;http://x\x1b\\');
const word = fc.string({ unit: oneOf('abck L7='), maxLength: 8 });

/** A form of one of the values, whole or its first part, with things inside that do not hide it. */
const showing = (values: readonly Buffer[]) =>
  fc
    .record({
      value: fc.constantFrom(...values),
      form: fc.nat(),
      share: fc.constantFrom(1, 1, 1, 0.5, 0.9),
      between: fc.array(fc.tuple(fc.nat(), fc.oneof(harmless, fc.constant('#\b'))), {
        maxLength: 3,
      }),
      wrap: fc.boolean(),
    })
    .map(({ value: chosen, form, share, between, wrap }) => {
      const forms = formsOf(chosen, 'all');
      let text = forms[form % forms.length]?.text ?? chosen.toString('latin1');
      text = text.slice(0, Math.ceil(text.length * share));
      for (const [at, piece] of between) {
        // Between characters: in the middle of one a struck-out byte would break it.
        let where = 1 + (at % text.length);
        while (/^[\x80-\xbf]/.test(text.slice(where))) where++;
        // Never into the middle of a piece put in before.
        // oxlint-disable-next-line no-control-regex -- control characters are what this is about
        if (!/[\x00-\x1f]/.test(text)) text = text.slice(0, where) + piece + text.slice(where);
      }
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      const inTitle = wrap && !/[\x00-\x1f]/.test(text);
      return inTitle ? `\x1b]0;${text}\x07` : text;
    });

/** Streams of well-formed escape sequences. */
export const tameScene: fc.Arbitrary<Scene> = fc
  .array(value, { minLength: 1, maxLength: 3 })
  .chain((values) =>
    fc.record({
      values: fc.constant(values),
      stream: fc
        .array(fc.oneof(word, harmless, showing(values), showing(values)), { maxLength: 12 })
        .map((pieces) => Buffer.from(pieces.join(''), 'latin1')),
      cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
    }),
  );

const prose = fc
  .array(fc.oneof(word, fc.constantFrom('the quick brown fox', 'GET /api/v1', '    ', '6c6f 67')), {
    minLength: 6,
    maxLength: 30,
  })
  .map((words) => words.join(' '));

/** What can be passed over in one go, between the characters of a value too. */
const flood = fc
  .tuple(fc.constantFrom('\0', '\n', '\x1b[1m', '\x1b[1mk', 'é'), fc.integer({ min: 1, max: 120 }))
  .map(([piece, times]) => piece.repeat(times));

const STYLES = ['\x1b[38;5;208m', '\x1b[m', '\x1b[K', '\x1b(B', '\x1b7', '\x1b#8', '\x1b]0;t\x07'];
const LINKS = ['\x1b]8;;file:///src/a.ts\x07', '\x1b]8;;\x1b\\', '\x1bP1;2|kLq7\x1b\\'];
const LONG = [`\x1b[${'1;'.repeat(40)}m`, `\x1b]2;${'title '.repeat(14)}\x07`];
/** Well-formed and broken characters of UTF-8, a byte for each character here, and other bytes beside text. */
const BYTES = [
  '\xc3\xa9',
  '\xe2\x94\x80',
  '\xf0\x9f\x98\x80',
  '\xe2\x94',
  '\xff',
  '\x7f',
  '\t',
  '\r',
];
/** Coloured text, as of a program that draws: an escape sequence or a character of several bytes every few letters. */
const styled = fc
  .array(
    fc.oneof(word, word, fc.constantFrom(...STYLES, ...LINKS, ...LONG), fc.constantFrom(...BYTES)),
    {
      minLength: 8,
      maxLength: 40,
    },
  )
  .map((pieces) => pieces.join(''));

/** A terminal takes the first letter for part of the sequence; who reads the bytes sees the value whole. */
function afterEscape(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  if (/[\x00-\x1f]/.test(text) || !/^[ -/]*[0-~]/.test(text)) return text;
  return /^[PX\]^_]/.test(text) ? `\x1b${text}\x07` : `\x1b${text}`;
}

/** Long lines with a value now and then: the streams in which most can be skipped. */
export const longScene: fc.Arbitrary<Scene> = fc
  .array(value, { minLength: 1, maxLength: 2 })
  .chain((values) =>
    fc.record({
      values: fc.constant(values),
      stream: fc
        .array(
          fc.oneof(
            prose,
            styled,
            showing(values),
            showing(values).map(afterEscape),
            flood,
            fc.constantFrom('\n', ' ', '\x1b[K'),
          ),
          { maxLength: 12 },
        )
        .map((pieces) => Buffer.from(pieces.join(''), 'latin1')),
      cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
    }),
  );

const wildByte = fc.constantFrom('\x1b', '\b', '\x9b', '\x9d', '\x9c', '\x18', '[', ']', '\\', 'P');
/** Streams of anything. */
export const wildScene: fc.Arbitrary<Scene> = fc
  .array(value, { minLength: 1, maxLength: 3 })
  .chain((values) =>
    fc.record({
      values: fc.constant(values),
      stream: fc
        .array(
          fc.oneof(
            word,
            harmless,
            showing(values),
            wildByte,
            wildByte,
            flood,
            fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
          ),
          { maxLength: 24 },
        )
        .map((pieces) => Buffer.from(pieces.join(''), 'latin1')),
      cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
    }),
  );

export function chunksOf(scene: Scene): Buffer[] {
  const places = scene.cuts
    .map((cut) => Math.floor(cut * scene.stream.length))
    .toSorted((a, b) => a - b);
  return [0, ...places].map((from, n) => scene.stream.subarray(from, places[n]));
}
