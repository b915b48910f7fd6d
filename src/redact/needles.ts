import { createHash } from 'node:crypto';
import { VaultShellError } from '../base/errors.ts';
import { FORM_KINDS, type Form, type FormChoice, type FormKind, formsOf } from './encodings.ts';
import { type Engine, openEngine, type Stream } from './engine.ts';

/** Anything shorter would mask ordinary text everywhere. */
export const MIN_VALUE_BYTES = 4;

const LINE_FEED = 0x0a;

/** Of a needle, in the engine: whose it is, and in the lowest bits the place of its form in FORM_KINDS. */
const FORM_BITS = 4;
/** A telling beginning that is longer counts as none: the engine has 16 bits for it. */
const MAX_TELLING_BYTES = 0xffff;

/** How often a secret was masked in one kind of form. */
export interface MaskCount {
  readonly name: string;
  readonly form: FormKind;
  readonly count: number;
}

/** The needles of any number of secrets, shared by the streams that look for them. */
export class NeedleSet {
  readonly #engine: Engine = openEngine();
  readonly #forms: FormChoice;
  readonly #known = new Set<string>();
  /** Their places are their numbers in labels; 0 is nobody's. */
  readonly #names: string[] = [''];
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
    const owner = this.#ownerOf(secret.name);
    formsOf(value, this.#forms).forEach((form) => this.#addForm(form, owner));
    if (value.at(-1) === LINE_FEED) {
      const whole = { kind: 'raw', text: value.toString('latin1'), carries: value.length } as const;
      this.#addForm(whole, owner, value.length - 1);
    }
    this.#known.add(key);
  }

  /** Readies the tables for streams; they do it themselves when anything was added. */
  ready(): void {
    this.refuseIfWiped();
    this.#engine.ready();
  }

  /** Opens a stream, whose masks are counted if it is `counted`; the caller closes it. */
  open(mask: Uint8Array, counted: boolean): Stream {
    this.refuseIfWiped();
    return this.#engine.open(mask, counted);
  }

  /**
   * Gives how often each secret was masked, in the order they were added, by form; what never was, not. Streams add up.
   * Of matches that overlap one counts: the longest, of equal ones the first. Of a value that two secrets share, or a
   * form, the one added first has it.
   */
  counts(): MaskCount[] {
    this.refuseIfWiped();
    return this.#names.flatMap((name, owner) =>
      FORM_KINDS.map((form, kind) => {
        const count = this.#engine.countOf((owner << FORM_BITS) | kind);
        return { name, form, count };
      }).filter(({ count }) => owner > 0 && count > 0),
    );
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

  #ownerOf(name: string): number {
    const known = this.#names.indexOf(name, 1);
    return known === -1 ? this.#names.push(name) - 1 : known;
  }

  #addForm(form: Form, owner: number, closeSpan = 0): void {
    const tellsFrom = form.tellsFrom ?? 0;
    this.#engine.addNeedle(form.text, {
      folds: form.folds === true,
      allowance: allowanceOf(form.carries),
      lead: form.lead ?? 0,
      tellsFrom: tellsFrom > MAX_TELLING_BYTES ? 0 : tellsFrom,
      closeSpan,
      label: (owner << FORM_BITS) | FORM_KINDS.indexOf(form.kind),
      tails: form.tails ?? '',
    });
  }
}

/** How much of a value's start may be shown: a quarter, 4 bytes at most (contract, section 6). */
function allowanceOf(length: number): number {
  return Math.min(4, Math.floor(length / 4));
}
