import { openEngine } from '../../src/redact/engine.ts';
import { NeedleSet, Redactor, type RedactorOptions } from '../../src/redact/redactor.ts';

export type Value = string | Uint8Array;

export function redactorFor(values: readonly Value[], options: RedactorOptions = {}): Redactor {
  const redactor = new Redactor(options);
  for (const [n, value] of values.entries()) redactor.add({ name: `s${n}`, value });
  return redactor;
}

/** Needles are costly beside the short streams of a test: one set serves all streams of a list of values. */
const sets = new WeakMap<readonly Value[], Map<string, NeedleSet>>();

function needlesOf(values: readonly Value[], { forms = 'all' }: RedactorOptions): NeedleSet {
  const known = sets.get(values) ?? new Map<string, NeedleSet>();
  sets.set(values, known);
  const needles = known.get(forms) ?? new NeedleSet({ forms });
  if (!known.has(forms)) {
    for (const [n, value] of values.entries()) needles.add({ name: `s${n}`, value });
    known.set(forms, needles);
  }
  return needles;
}

/** What comes out in all for these chunks. */
export function redactChunks(
  values: readonly Value[],
  chunks: readonly Value[],
  options: RedactorOptions = {},
): Buffer {
  const redactor = new Redactor({ needles: needlesOf(values, options), ...options });
  const parts = chunks.map((chunk) => redactor.write(Buffer.from(chunk)));
  return Buffer.concat([...parts, redactor.end()]);
}

/** The ways every stream case is run: given chunks, one write, byte by byte. */
export function waysToWrite(chunks: readonly Value[]): Record<string, Buffer[]> {
  const given = chunks.map((chunk) => Buffer.from(chunk));
  const whole = Buffer.concat(given);
  return {
    'as given': given,
    'in one write': [whole],
    'byte by byte': Array.from(whole, (byte) => Buffer.from([byte])),
  };
}

/** Gives the one output that all ways of writing must agree on. */
export function redactEveryWay(
  values: readonly Value[],
  chunks: readonly Value[],
  options: RedactorOptions = {},
): string {
  const outputs = Object.entries(waysToWrite(chunks)).map(([way, parts]) => ({
    way,
    text: redactChunks(values, parts, options).toString('latin1'),
  }));
  const first = outputs[0]?.text ?? '';
  const other = outputs.find((output) => output.text !== first);
  if (other !== undefined) throw new Error(`${other.way}: ${JSON.stringify([first, other.text])}`);
  return Buffer.from(first, 'latin1').toString('utf8');
}

const engine = openEngine();

/** What a reader sees of some bytes, which is what is searched for. */
export function visibleBytes(bytes: Uint8Array): Uint8Array {
  return engine.visible(bytes);
}
