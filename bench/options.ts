import { parseArgs } from 'node:util';
import { CORPUS_NAMES, type CorpusName } from './corpora.ts';

/** What is measured; undefined stands for everything. */
export interface BenchOptions {
  readonly benches: readonly string[];
  /** How many secrets: `--secrets 10,100`. */
  readonly secrets?: readonly number[];
  /** `--corpus plain,ansi`. */
  readonly corpora?: readonly CorpusName[];
  /** Bytes in a write: `--chunk 4096`. */
  readonly chunks?: readonly number[];
}

/** Throws, saying why, for what there is not. */
export function parseOptions(args: readonly string[], known: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      secrets: { type: 'string', multiple: true },
      corpus: { type: 'string', multiple: true },
      chunk: { type: 'string', multiple: true },
    },
  });
  const secrets = list(values.secrets)?.map(positive);
  const corpora = list(values.corpus)?.map((name) => oneOf(name, CORPUS_NAMES));
  const chunks = list(values.chunk)?.map(positive);
  return {
    benches: positionals.map((name) => oneOf(name, known)),
    ...(secrets === undefined ? {} : { secrets }),
    ...(corpora === undefined ? {} : { corpora }),
    ...(chunks === undefined ? {} : { chunks }),
  };
}

function list(given: readonly string[] | undefined): string[] | undefined {
  return given?.flatMap((each) => each.split(','));
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`not a count: ${text}`);
  return number;
}

function oneOf<T extends string>(name: string, known: readonly T[]): T {
  const found = known.find((each) => each === name);
  if (found === undefined) throw new RangeError(`no ${name}; there are: ${known.join(', ')}`);
  return found;
}
