import { createHash } from 'node:crypto';
import { VaultShellError } from '../base/errors.ts';
import { Automaton } from './automaton.ts';
import { type Form, type FormChoice, formsOf } from './encodings.ts';
import { leadAllows } from './radix.ts';
import { visibleBytes } from './sight.ts';
import { Skip } from './skip.ts';

/** Anything shorter would mask ordinary text everywhere. */
export const MIN_VALUE_BYTES = 4;

const LINE_FEED = 0x0a;
const BLANK = 0x20;

/**
 * The needles of any number of secrets, shared by the streams that look for them.
 *
 * Two automata, for two views of a stream: `flat`, the visible text, and `packed`, the same
 * without blanks, for what may be folded and indented.
 */
export class NeedleSet {
  readonly flat = new Automaton();
  readonly packed = new Automaton();
  readonly skip = new Skip();
  /** Bytes that may be the character before some needle and hold bits of its value. */
  readonly leadBytes = new Uint8Array(256);
  readonly #forms: FormChoice;
  readonly #known = new Set<string>();
  /** Last node of a value that ends in a line feed -> the value's length without it. */
  readonly #closedBy = new Map<number, number>();
  #wiped = false;
  #stale = false;

  constructor(options: { forms?: FormChoice } = {}) {
    this.#forms = options.forms ?? 'all';
  }

  /**
   * Has a value masked from the next byte on that any stream takes in. Adding it again does nothing.
   * RangeError for a value with less than 4 bytes, or less than 4 that can be seen.
   */
  add(secret: { name: string; value: string | Uint8Array }): void {
    this.#refuseIfWiped();
    const value = Buffer.from(secret.value);
    // A digest, because a string of the value could not be wiped.
    const key = createHash('sha256').update(value).digest('base64');
    if (this.#known.has(key)) return;
    const seen = visibleBytes(value);
    if (value.length < MIN_VALUE_BYTES || seen.length < MIN_VALUE_BYTES) {
      throw new RangeError(`the value of ${secret.name} is too short to be masked`);
    }
    for (const form of formsOf(value, this.#forms)) this.#addForm(form);
    if (value.at(-1) === LINE_FEED) {
      const node = this.flat.insert(seen, allowanceOf(value.length), 0);
      this.#closedBy.set(node, value.length - 1);
    }
    this.#known.add(key);
    this.#stale = true;
  }

  /** Readies the tables for streams; cheap when nothing was added. Throws once wiped. */
  ready(): void {
    this.#refuseIfWiped();
    if (!this.#stale) return;
    this.flat.link();
    this.packed.link();
    this.skip.ready();
    this.#stale = false;
  }

  /** The value that ends in this state of `flat`, without its final line feed, was `span` bytes long. */
  closesLine(node: number, span: number): boolean {
    return this.#closedBy.size > 0 && this.#closedBy.get(node) === span;
  }

  /** Length in characters of the longest needle. */
  get longest(): number {
    return Math.max(this.flat.longest, this.packed.longest);
  }

  /** Bytes of memory the tables take. */
  get memory(): number {
    return this.flat.memory + this.packed.memory + this.skip.memory;
  }

  /** Overwrites the tables. Every stream that uses them refuses to go on: it could not redact. */
  wipe(): void {
    this.#wiped = true;
    this.flat.wipe();
    this.packed.wipe();
    this.skip.wipe();
    this.#known.clear();
    this.#closedBy.clear();
  }

  #addForm(form: Form): void {
    const bytes = visibleBytes(form.bytes);
    const lead = form.lead ?? 0;
    this.#insert(this.flat, form, bytes);
    if (form.folds === true)
      this.#insert(
        this.packed,
        form,
        bytes.filter((byte) => byte !== BLANK),
      );
    if (lead !== 0) {
      for (let byte = 0; byte < 256; byte++) {
        if (leadAllows(lead, byte)) this.leadBytes[byte] = 1;
      }
    }
  }

  #insert(automaton: Automaton, form: Form, bytes: Uint8Array): void {
    const allowance = allowanceOf(form.carries);
    const end = automaton.insert(bytes, allowance, form.lead ?? 0);
    this.skip.add(bytes, automaton === this.packed);
    for (const tail of form.tails ?? []) automaton.insert(tail, allowance, form.lead ?? 0, end);
    this.#insertLeadingParts(automaton, form, bytes);
  }

  /** Every leading part that tells is a needle; the whole one bounds what of it may be shown early. */
  #insertLeadingParts(automaton: Automaton, form: Form, bytes: Uint8Array): void {
    if (form.tellsFrom === undefined) return;
    const allowance = allowanceOf(form.carries);
    this.skip.add(bytes.subarray(0, form.tellsFrom), automaton === this.packed);
    for (let length = form.tellsFrom; length < bytes.length; length++) {
      automaton.insert(bytes.subarray(0, length), allowance, form.lead ?? 0);
    }
  }

  #refuseIfWiped(): void {
    if (this.#wiped)
      throw new VaultShellError('REFUSED', 'the needles of this redactor were wiped');
  }
}

/** How much of a value's start may be shown: a quarter, 4 bytes at most (contract, section 6). */
function allowanceOf(length: number): number {
  return Math.min(4, Math.floor(length / 4));
}
