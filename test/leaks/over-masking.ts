import { formsOf } from '../../src/redact/encodings.ts';
import { NeedleSet, Redactor } from '../../src/redact/redactor.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { realisticSecrets, type RealisticSecret } from './secrets.ts';
import { ordinaryOutput, otherSecrets, type Source } from './sources.ts';

const SECRETS = 100;
const CHUNK_BYTES = 16 * 1024;
const CONTEXT_BYTES = 60;
/** In no ordinary output, so that a mask is found again. */
export const MASK = '\u0001\u0002<masked>\u0002\u0001';
/** So many bytes after a mask tell where the input goes on. */
const RESYNC_BYTES = 24;

export interface Difference {
  readonly source: string;
  /** The input around it. */
  readonly context: string;
  /** The kinds of secrets that have what is there as a form, and the form. */
  readonly causes: readonly string[];
}

interface KnownForm {
  readonly kind: string;
  readonly form: Buffer;
}

export interface OverMasking {
  readonly secrets: number;
  readonly sources: readonly { readonly name: string; readonly bytes: number }[];
  readonly differences: readonly Difference[];
}

/** Redacts so many bytes of ordinary output with secrets that are not in it. */
export function findOverMasking(bytes: number, seed: number): OverMasking {
  const random = seededRandom(seed);
  const secrets = realisticSecrets(SECRETS, random);
  const needles = new NeedleSet();
  for (const { kind, value } of secrets) needles.add({ name: kind, value });
  const sources: { name: string; bytes: number }[] = [];
  const differences: Difference[] = [];
  for (const source of sourcesOf(bytes, random)) {
    sources.push({ name: source.name, bytes: source.bytes.length });
    const output = redact(source.bytes, needles);
    if (output.equals(source.bytes)) continue;
    differences.push(...differencesOf(source.name, source.bytes, output, secrets));
  }
  return { secrets: secrets.length, sources, differences };
}

function* sourcesOf(bytes: number, random: Random): Generator<Source> {
  yield otherSecrets(random);
  yield* ordinaryOutput(bytes);
}

function redact(bytes: Buffer, needles: NeedleSet): Buffer {
  const redactor = new Redactor({ mask: MASK, needles });
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    parts.push(redactor.write(bytes.subarray(at, at + CHUNK_BYTES)));
    // Now and then nothing comes for a while.
    if (at % (4 * CHUNK_BYTES) === 0) parts.push(redactor.release());
  }
  return Buffer.concat([...parts, redactor.end()]);
}

/** Every place where `output` is not `input`. */
export function differencesOf(
  source: string,
  input: Buffer,
  output: Buffer,
  secrets: readonly RealisticSecret[],
): Difference[] {
  const forms = formsWithKinds(secrets);
  const differences: Difference[] = [];
  let from = 0;
  let at = 0;
  for (;;) {
    const mask = output.indexOf(MASK, at);
    const same = mask === -1 ? output.length : mask;
    if (!output.subarray(at, same).equals(input.subarray(from, from + same - at))) {
      return [
        ...differences,
        { source, context: contextOf(input, from, from), causes: ['changed'] },
      ];
    }
    if (mask === -1) return differences;
    from += mask - at;
    at = mask + MASK.length;
    const end = endOfMasked(input, from, output, at);
    const masked = input.subarray(from, end);
    differences.push({
      source,
      context: contextOf(input, from, from + masked.length),
      causes: causesOf(masked, forms),
    });
    from += masked.length;
  }
}

/** Where the input goes on after a mask that ends at `at` of the output. */
function endOfMasked(input: Buffer, from: number, output: Buffer, at: number): number {
  const next = output.indexOf(MASK, at);
  if (next === -1) return Math.max(from, input.length - (output.length - at));
  if (next === at) return from + 1;
  const follows = output.subarray(at, Math.min(at + RESYNC_BYTES, next));
  const end = input.indexOf(follows, from + 1);
  return end === -1 ? input.length : end;
}

function contextOf(input: Buffer, from: number, to: number): string {
  const [before, masked, after] = [
    input.subarray(Math.max(0, from - CONTEXT_BYTES), from),
    input.subarray(from, to),
    input.subarray(to, to + CONTEXT_BYTES),
  ].map((part) => JSON.stringify(part.toString('latin1')).slice(1, -1));
  return `${before ?? ''}[[${masked ?? ''}]]${after ?? ''}`;
}

/** The visible characters of every form, with its secret's kind before it. */
function formsWithKinds(secrets: readonly RealisticSecret[]): KnownForm[] {
  return secrets.flatMap(({ kind, value }) =>
    formsOf(Buffer.from(value), 'all').map(({ text }) => ({
      kind,
      form: withoutBlanks(Buffer.from(text, 'latin1')),
    })),
  );
}

function causesOf(masked: Buffer, forms: readonly KnownForm[]): string[] {
  const seen = withoutBlanks(masked);
  const found = forms.filter(({ form }) => seen.includes(form));
  return [...new Set(found.map(({ kind, form }) => `${kind}: ${form.toString('latin1')}`))];
}

function withoutBlanks(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.filter((byte) => byte > 0x20));
}
