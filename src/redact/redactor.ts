import type { FormChoice } from './encodings.ts';
import type { Stream } from './engine.ts';
import { NeedleSet } from './needles.ts';

export { NeedleSet } from './needles.ts';

const DEFAULT_MASK = '***';

export interface RedactorOptions {
  readonly mask?: string;
  readonly forms?: FormChoice;
  /** Needles shared with other streams; `forms` is then theirs. */
  readonly needles?: NeedleSet;
}

/**
 * Masks values in a stream of bytes, in whatever form and through whatever escapes they come.
 *
 * Only bytes that may still turn out to be part of a value are held back. Any chunking gives the
 * same bytes as one write. What lies farther apart in the stream than 64 KiB (of escapes, line ends
 * and blanks) is not taken for one value: so memory stays bounded, and a flood of them flows.
 */
export class Redactor {
  readonly #needles: NeedleSet;
  readonly #mask: Uint8Array;
  /** Its memory is not the collector's: it is closed at the end, and opened again if there is more. */
  #stream: Stream | undefined;

  constructor(options: RedactorOptions = {}) {
    this.#needles =
      options.needles ?? new NeedleSet(options.forms === undefined ? {} : { forms: options.forms });
    this.#mask = Buffer.from(options.mask ?? DEFAULT_MASK, 'utf8');
  }

  /** Has a value masked from the next byte written on. RangeError for one under 4 bytes. */
  add(secret: { name: string; value: string | Uint8Array }): void {
    this.#needles.add(secret);
  }

  /** Takes in output; returns what may be shown now, which the caller owns. */
  write(chunk: Uint8Array): Uint8Array {
    this.#needles.refuseIfWiped();
    this.#stream ??= this.#needles.open(this.#mask);
    return this.#stream.write(chunk);
  }

  /**
   * Nothing came for a while: gives of the held bytes what may be shown. Of any value that is at
   * most its first 4 bytes and a quarter of it; the rest is still masked when it comes.
   */
  release(): Uint8Array {
    this.#needles.refuseIfWiped();
    return this.#stream?.release() ?? new Uint8Array();
  }

  /** Gives the rest: nothing follows that could complete a value. */
  end(): Uint8Array {
    this.#needles.refuseIfWiped();
    const rest = this.#stream?.end() ?? new Uint8Array();
    this.#stream?.close();
    this.#stream = undefined;
    return rest;
  }
}
