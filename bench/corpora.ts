import { BASE62, type Random } from '../test/support/random.ts';

const CORPUS_BYTES = 2 * 1024 * 1024;
const SECRET_EVERY_BYTES = 4096;
const VALUE_BYTES = 32;
/** A shorter leading part of such a value does not tell it; a longer one is masked. */
const TELLING_BYTES = 10;
const SHORTEST_PREFIX = 4;
/** So many values `aaaa...b`, each one longer than the last. */
const HOSTILE_VALUES = 10;

/** What is redacted, by the name that `--corpus` takes. */
export const CORPORA = {
  plain: plainLog,
  ansi: heavyAnsi,
  utf8: framedTable,
  secrets: secretsInLog,
  base64: base64Lines,
  prefixes: (values, random) => leadingParts(values, random, SHORTEST_PREFIX, TELLING_BYTES),
  parts: (values, random) => leadingParts(values, random, TELLING_BYTES, VALUE_BYTES),
  hostile: () => Buffer.alloc(CORPUS_BYTES, 'a'),
} satisfies Record<string, (values: readonly string[], random: Random) => Buffer>;
export type CorpusName = keyof typeof CORPORA;
export const CORPUS_NAMES = Object.keys(CORPORA) as readonly CorpusName[];

export function randomValues(count: number, random: Random): string[] {
  return Array.from({ length: count }, () => random.text(BASE62, VALUE_BYTES));
}

/** The same with some in front for which a text of `a` alone is the worst there is. */
export function hostileValues(values: readonly string[]): string[] {
  return values.map((value, n) =>
    n < HOSTILE_VALUES ? `${'a'.repeat(VALUE_BYTES - 1 + n)}b` : value,
  );
}

function plainLog(): Buffer {
  const words =
    'GET POST /api/v1/users status latency ms connection retry worker queue build step'.split(' ');
  let text = '';
  for (let n = 0; text.length < CORPUS_BYTES; n++) {
    text += `2026-11-23T10:${String(n % 60).padStart(2, '0')}:07.${n % 997} INFO`;
    for (let w = 0; w < 9; w++) text += ` ${words[(n * 7 + w * 13) % words.length] ?? ''}`;
    text += ` id=${((n * 2_654_435_761) >>> 0).toString(16)}\n`;
  }
  return Buffer.from(text);
}

function heavyAnsi(): Buffer {
  let text = '';
  for (let n = 0; text.length < CORPUS_BYTES; n++) {
    text += `\u001b[${30 + (n % 8)}m\u001b[1mtest\u001b[0m passed \u001b[2K\r\u001b[${n % 40};1H`;
    text += `\u001b]8;;file:///src/${n}.ts\u0007src/${n}.ts\u001b]8;;\u0007 ${n % 100}%\r\n`;
  }
  return Buffer.from(text);
}

/** As a full-screen program draws it: frames, and words with letters beyond ASCII. */
function framedTable(): Buffer {
  let text = '';
  for (let n = 0; text.length < CORPUS_BYTES / 2; n++) {
    text += `\u001b[2m├${'─'.repeat(n % 40)}┤\u001b[0m │ größe ${n % 997} — prüfung übersprungen │ ✔ │\r\n`;
  }
  return Buffer.from(text).subarray(0, CORPUS_BYTES);
}

function secretsInLog(values: readonly string[], random: Random): Buffer {
  const log = plainLog();
  for (let at = 0; at < log.length - SECRET_EVERY_BYTES; at += SECRET_EVERY_BYTES) {
    log.write(random.pick(values), at + random.below(SECRET_EVERY_BYTES - VALUE_BYTES));
  }
  return log;
}

function base64Lines(_values: readonly string[], random: Random): Buffer {
  const text = random.bytes((CORPUS_BYTES / 4) * 3).toString('base64');
  return Buffer.from(text.replaceAll(/.{76}/g, '$&\n'));
}

/** Leading parts of values, back to back, of `least` bytes or more and less than `limit`. */
function leadingParts(
  values: readonly string[],
  random: Random,
  least: number,
  limit: number,
): Buffer {
  const parts: string[] = [];
  for (let length = 0; length < CORPUS_BYTES; length += parts.at(-1)?.length ?? 0) {
    parts.push(random.pick(values).slice(0, least + random.below(limit - least)));
  }
  return Buffer.from(parts.join(''));
}
