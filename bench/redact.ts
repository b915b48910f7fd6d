import { randomBytes } from 'node:crypto';
import { NeedleSet, Redactor } from '../src/redact/redactor.ts';

const MEBIBYTE = 1024 * 1024;
const CORPUS_BYTES = 4 * MEBIBYTE;
const SECRET_COUNTS = [1, 10, 100, 1000];
const CHUNK_BYTES = [4096, 65_536];
/** Long enough for the compiler and the clock, short enough for ten tables. */
const SLICE_MS = 250;

/**
 * Measures the redactor with all forms against `Buffer.indexOf` for each raw value, in the same run.
 * Prints MB per second of processor time, so a busy machine changes little.
 */
export async function benchRedact(print: (line: string) => void): Promise<void> {
  const corpora = { 'plain log': plainLog(), 'heavy ANSI': heavyAnsi() };
  print('secrets  corpus      chunk  redactor MB/s  indexOf MB/s  ratio');
  for (const count of SECRET_COUNTS) {
    const values = Array.from({ length: count }, () => randomBytes(24).toString('base64url'));
    const { needles, buildMs } = build(values);
    for (const [name, corpus] of Object.entries(corpora)) {
      for (const size of CHUNK_BYTES) {
        const ours = rate(corpus, size, redactingWith(needles));
        const base = rate(corpus, size, searchingFor(values));
        print(
          `${String(count).padStart(7)}  ${name.padEnd(10)}  ${String(size).padStart(5)}` +
            `  ${ours.toFixed(1).padStart(13)}  ${base.toFixed(1).padStart(12)}` +
            `  ${(ours / base).toFixed(2)}x`,
        );
        // Lets timers and signals of the caller through.
        await Promise.resolve();
      }
    }
    const addMs = timeOf(() => {
      needles.add({ name: 'late', value: randomBytes(24).toString('base64url') });
      needles.ready();
    });
    print(
      `${String(count).padStart(7)}  tables: built in ${buildMs.toFixed(1)} ms,` +
        ` ${(needles.memory / MEBIBYTE).toFixed(1)} MiB; one more secret ${addMs.toFixed(1)} ms`,
    );
  }
}

function build(values: readonly string[]): { needles: NeedleSet; buildMs: number } {
  const needles = new NeedleSet();
  const buildMs = timeOf(() => {
    for (const [n, value] of values.entries()) needles.add({ name: `s${n}`, value });
    needles.ready();
  });
  return { needles, buildMs };
}

function redactingWith(needles: NeedleSet): (chunk: Buffer) => void {
  const redactor = new Redactor({ needles });
  return (chunk) => {
    redactor.write(chunk);
  };
}

function searchingFor(values: readonly string[]): (chunk: Buffer) => void {
  const raw = values.map((value) => Buffer.from(value));
  return (chunk) => {
    for (const value of raw) chunk.indexOf(value);
  };
}

function rate(corpus: Buffer, size: number, take: (chunk: Buffer) => void): number {
  let bytes = 0;
  const start = process.cpuUsage();
  for (let at = 0; ; at = (at + size) % (corpus.length - size)) {
    take(corpus.subarray(at, at + size));
    bytes += size;
    const used = process.cpuUsage(start);
    const micros = used.user + used.system;
    if (micros > SLICE_MS * 1000) return bytes / micros;
  }
}

function timeOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1000;
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
