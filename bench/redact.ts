import { setImmediate } from 'node:timers/promises';
import { formsOf } from '../src/redact/encodings.ts';
import { NeedleSet, Redactor } from '../src/redact/redactor.ts';
import { type Random, seededRandom } from '../test/support/random.ts';
import { CORPORA, CORPUS_NAMES, hostileValues, randomValues } from './corpora.ts';
import { buildDense, type DenseAutomaton, denseRedactor } from './dense-automaton.ts';
import type { BenchOptions } from './options.ts';

const MEBIBYTE = 1024 * 1024;
const SECRETS = [1, 10, 100, 1000];
const CHUNKS = [4096, 65_536];
/** Each engine gets as many turns of so long: enough for the compiler and the clock. */
const ROUNDS = 3;
const SLICE_MS = 150;
/** `Buffer.indexOf` is measured here only: it takes seconds a piece with many needles. */
const INDEX_OF_CHUNK = 65_536;
const INDEX_OF_CORPORA: readonly string[] = ['plain', 'base64'];
const SEED = 20_260_101;

type Take = (chunk: Buffer) => unknown;
interface Engines {
  readonly needles: NeedleSet;
  readonly dense: DenseAutomaton | undefined;
  readonly forms: readonly Uint8Array[];
  readonly costs: readonly string[];
}

/**
 * The redactor with all forms of its values, against a dense automaton and against `Buffer.indexOf`
 * with the same needles, in turns within one run. MB per second of processor time, so that a busy
 * machine changes little.
 */
export async function benchRedact(
  print: (line: string) => void,
  { secrets = SECRETS, corpora = CORPUS_NAMES, chunks = CHUNKS }: BenchOptions,
): Promise<void> {
  for (const count of secrets) {
    const random = seededRandom(SEED + count);
    const values = randomValues(count, random);
    const engines = build(values, random);
    let hostile: Engines | undefined;
    print(`### ${count} secret${count === 1 ? '' : 's'}, ${engines.forms.length} needles\n`);
    print('| corpus | chunk | redactor MB/s | dense MB/s | / dense | indexOf MB/s | / indexOf |');
    print('| --- | --- | --- | --- | --- | --- | --- |');
    for (const name of corpora) {
      const corpus = CORPORA[name](values, random);
      if (name === 'hostile') hostile = build(hostileValues(values), random);
      for (const chunk of chunks) {
        const indexOf = chunk === INDEX_OF_CHUNK && INDEX_OF_CORPORA.includes(name);
        const rates = measure(corpus, chunk, hostile ?? engines, indexOf);
        print(`| ${name} | ${chunk / 1024} KiB | ${rates.join(' | ')} |`);
        // Lets a Ctrl-C through.
        await setImmediate();
      }
      hostile = undefined;
    }
    print(`\n${engines.costs.join('\n')}\n`);
  }
}

function build(values: readonly string[], random: Random): Engines {
  const needles = new NeedleSet();
  const buildMs = timeOf(() => {
    for (const [n, value] of values.entries()) needles.add({ name: `s${n}`, value });
    needles.ready();
  });
  const forms = values.flatMap((value) =>
    formsOf(Buffer.from(value), 'all').map(({ text }) => Buffer.from(text, 'latin1')),
  );
  let dense: DenseAutomaton | undefined;
  const denseMs = timeOf(() => {
    dense = buildDense(forms);
  });
  const { memory } = needles;
  const addMs = timeOf(() => {
    needles.add({ name: 'late', value: randomValues(1, random)[0] ?? '' });
    needles.ready();
  });
  const ours = `${mebibytes(memory)}, built in ${buildMs.toFixed(0)} ms, one more secret in ${addMs.toFixed(1)} ms`;
  const theirs =
    dense === undefined
      ? 'too large'
      : `${mebibytes(dense.memory)}, built in ${denseMs.toFixed(0)} ms, as long again for one more`;
  return { needles, dense, forms, costs: [`- redactor: ${ours}`, `- dense: ${theirs}`] };
}

/** The cells of one row: rates, and ratios of the redactor to the others. */
function measure(corpus: Buffer, chunk: number, engines: Engines, indexOf: boolean): string[] {
  const redactor = new Redactor({ needles: engines.needles });
  const takers: (Take | undefined)[] = [
    (bytes) => redactor.write(bytes),
    engines.dense === undefined ? undefined : denseRedactor(engines.dense),
    indexOf ? (bytes) => engines.forms.map((form) => bytes.indexOf(form)) : undefined,
  ];
  const rates = takers.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    takers.forEach((take, n) => {
      if (take !== undefined) rates[n]?.push(rateOf(corpus, chunk, take));
    });
  }
  const [ours = Number.NaN, ...others] = rates.map(median);
  const absent = [engines.dense === undefined ? 'too large' : '', '-'];
  return [
    shown(ours),
    ...others.flatMap((rate, n) =>
      Number.isNaN(rate) ? [absent[n] ?? '', '-'] : [shown(rate), `${(ours / rate).toFixed(2)}x`],
    ),
  ];
}

function rateOf(corpus: Buffer, size: number, take: Take): number {
  let bytes = 0;
  let at = 0;
  // The clock takes as long as a chunk with a fast engine: it is asked less and less often.
  let batch = 1;
  const start = process.cpuUsage();
  for (;;) {
    for (let n = 0; n < batch; n++) {
      take(corpus.subarray(at, at + size));
      at = (at + size) % (corpus.length - size);
    }
    bytes += size * batch;
    const used = process.cpuUsage(start);
    const micros = used.user + used.system;
    if (micros > SLICE_MS * 1000) return bytes / micros;
    if (micros < (SLICE_MS * 1000) / 8) batch *= 2;
  }
}

function timeOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}

function shown(rate: number): string {
  return rate < 10 ? rate.toFixed(2) : rate.toFixed(0);
}
