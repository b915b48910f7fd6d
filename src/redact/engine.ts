import { readFileSync } from 'node:fs';
import { leadTable } from './radix.ts';

/**
 * The matching engine (core/, compiled to WebAssembly), in an instance of its own: one set of needles and
 * the streams that share it. All it knows of values is in its memory.
 */
export interface Engine {
  /** Leaves of bytes what a reader sees of them. */
  visible(bytes: Uint8Array): Uint8Array;
  /** Adds what a reader sees of `text`, a character for each byte. */
  addNeedle(text: string, needle: NeedleOptions): void;
  /** Takes in what was added; needles count from the next write on in any case. */
  ready(): void;
  /** Bytes of memory the tables of needles take. */
  tableBytes(): number;
  /** Opens a stream; `counted`: its masks count. */
  open(mask: Uint8Array, counted: boolean): Stream;
  /** How many masks of needles with this label were written. */
  countOf(label: number): number;
  /** Overwrites all memory. Nothing else may be called after it. */
  wipe(): void;
}

export interface NeedleOptions {
  /** It is searched for in the text without blanks, its own left out. */
  readonly folds: boolean;
  /** How many of its first bytes may be shown before it is certain what they are. */
  readonly allowance: number;
  /** Code of what is known of the character before it (radix.ts), 0 for nothing. */
  readonly lead: number;
  /** So many leading bytes give the value away already; 0: only all of it does. */
  readonly tellsFrom: number;
  /** Length of the value without its final line feed, which the needle leaves out; else 0. */
  readonly closeSpan: number;
  /** What a mask of it is counted as (mask-counts.ts). */
  readonly label: number;
  /** What may follow and belongs to it: words of 8 bytes at most, with blanks between them. */
  readonly tails: string;
}

/**
 * Each call gives what may be shown now: bytes in the engine's own memory, there until the next call of anything of
 * this engine.
 */
export interface Stream {
  write(chunk: Uint8Array): Uint8Array;
  release(): Uint8Array;
  end(): Uint8Array;
  /** Frees its memory; nothing else may be called after it. */
  close(): void;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  input(bytes: number): number;
  leadTable(): number;
  visible(length: number): number;
  addNeedle(
    length: number,
    folds: boolean,
    allowance: number,
    lead: number,
    tellsFrom: number,
    closeSpan: number,
    label: number,
  ): void;
  countOf(label: number): number;
  addTails(length: number, allowance: number, lead: number): void;
  ready(): void;
  tableBytes(): number;
  open(maskLength: number, counted: boolean): number;
  close(stream: number): void;
  write(stream: number, length: number): number;
  release(stream: number): number;
  end(stream: number): number;
  output(stream: number): number;
}

/** A chunk is passed in pieces of this size: memory once taken is not given back. */
const PIECE_BYTES = 64 * 1024;

let compiled: WebAssembly.Module | undefined;

export function openEngine(): Engine {
  compiled ??= new WebAssembly.Module(
    readFileSync(new URL('../redact/core.wasm', import.meta.url)),
  );
  const { exports: core } = new WebAssembly.Instance<Exports>(compiled, {
    env: {
      abort() {
        throw new Error('the redaction engine is out of memory');
      },
    },
  });
  let buffer = Buffer.from(core.memory.buffer);
  memory().set(leadTable, core.leadTable());

  function memory(): Buffer {
    // The buffer is another one when memory has grown.
    if (buffer.buffer !== core.memory.buffer) buffer = Buffer.from(core.memory.buffer);
    return buffer;
  }
  function pass(bytes: Uint8Array): number {
    const at = core.input(bytes.length);
    memory().set(bytes, at);
    return bytes.length;
  }
  /** `text`: a character for each byte. */
  function passText(text: string): number {
    const at = core.input(text.length);
    return memory().write(text, at, 'latin1');
  }

  function open(mask: Uint8Array, counted: boolean): Stream {
    const stream = core.open(pass(mask), counted);
    const output = (length: number): Uint8Array => {
      const at = core.output(stream);
      return memory().subarray(at, at + length);
    };
    return {
      write(chunk) {
        if (chunk.length <= PIECE_BYTES) return output(core.write(stream, pass(chunk)));
        const pieces: Uint8Array[] = [];
        for (let from = 0; from < chunk.length; from += PIECE_BYTES) {
          const piece = chunk.subarray(from, from + PIECE_BYTES);
          pieces.push(Uint8Array.from(output(core.write(stream, pass(piece)))));
        }
        return Buffer.concat(pieces);
      },
      release: () => output(core.release(stream)),
      end: () => output(core.end(stream)),
      close: () => core.close(stream),
    };
  }

  return {
    visible(bytes) {
      const length = core.visible(pass(bytes));
      const at = core.input(0);
      // Parts of values: never beside what is given out.
      return Uint8Array.from(memory().subarray(at, at + length));
    },
    addNeedle(text, { folds, allowance, lead, tellsFrom, closeSpan, label, tails }) {
      core.addNeedle(passText(text), folds, allowance, lead, tellsFrom, closeSpan, label);
      if (tails !== '') core.addTails(passText(tails), allowance, lead);
    },
    ready: () => core.ready(),
    tableBytes: () => core.tableBytes(),
    // Unsigned.
    countOf: (label) => core.countOf(label) >>> 0,
    open,
    wipe() {
      memory().fill(0);
    },
  };
}
