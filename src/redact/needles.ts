import { createHash } from 'node:crypto';
import { VaultShellError } from '../base/errors.ts';
import { type Form, type FormChoice, formsOf } from './encodings.ts';
import { type Engine, openEngine, type Stream } from './engine.ts';

/** Anything shorter would mask ordinary text everywhere. */
export const MIN_VALUE_BYTES = 4;

const LINE_FEED = 0x0a;

/** The needles of any number of secrets, shared by the streams that look for them. */
export class NeedleSet {
  readonly #engine: Engine = openEngine();
  readonly #forms: FormChoice;
  readonly #known = new Set<string>();
  #wiped = false;

  constructor(options: { forms?: FormChoice } = {}) {
    this.#forms = options.forms ?? 'all';
  }

  /**
   * Has a value masked from the next byte on that any stream takes in. Adding it again does nothing.
   * RangeError for a value with less than 4 bytes, or less than 4 that can be seen.
   */
  add(secret: { name: string; value: string | Uint8Array }): void {
    this.refuseIfWiped();
    const value = Buffer.from(secret.value);
    // A digest, because a string of the value could not be wiped.
    const key = createHash('sha256').update(value).digest('base64');
    if (this.#known.has(key)) return;
    const seen = this.#engine.visible(value);
    if (value.length < MIN_VALUE_BYTES || seen.length < MIN_VALUE_BYTES) {
      throw new RangeError(`the value of ${secret.name} is too short to be masked`);
    }
    for (const form of formsOf(value, this.#forms)) this.#addForm(form);
    if (value.at(-1) === LINE_FEED) {
      const carries = value.length;
      this.#addForm({ bytes: value, carries }, value.length - 1);
    }
    this.#known.add(key);
  }

  /** Readies the tables for streams; they do it themselves when anything was added. */
  ready(): void {
    this.refuseIfWiped();
    this.#engine.ready();
  }

  /** Opens a stream; the caller closes it. */
  open(mask: Uint8Array): Stream {
    this.refuseIfWiped();
    return this.#engine.open(mask);
  }

  /** Bytes of memory the tables take. */
  get memory(): number {
    return this.#engine.tableBytes();
  }

  /** Overwrites the tables. Every stream that uses them refuses to go on: it could not redact. */
  wipe(): void {
    this.#wiped = true;
    this.#engine.wipe();
    this.#known.clear();
  }

  refuseIfWiped(): void {
    if (this.#wiped) {
      throw new VaultShellError('REFUSED', 'the needles of this redactor were wiped');
    }
  }

  #addForm(form: Form, closeSpan = 0): void {
    this.#engine.addNeedle(this.#engine.visible(form.bytes), {
      folds: form.folds === true,
      allowance: allowanceOf(form.carries),
      lead: form.lead ?? 0,
      tellsFrom: form.tellsFrom ?? 0,
      closeSpan,
      tails: form.tails ?? [],
    });
  }
}

/** How much of a value's start may be shown: a quarter, 4 bytes at most (contract, section 6). */
function allowanceOf(length: number): number {
  return Math.min(4, Math.floor(length / 4));
}
