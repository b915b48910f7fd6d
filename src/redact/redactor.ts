import type { FormChoice } from './encodings.ts';
import type { Stream } from './engine.ts';
import { NeedleSet } from './needles.ts';

export { NeedleSet } from './needles.ts';

const DEFAULT_MASK = '***';
const NOTHING = new Uint8Array();

export interface RedactorOptions {
  readonly mask?: string;
  readonly forms?: FormChoice;
  /** Needles shared with other streams; `forms` is then theirs. */
  readonly needles?: NeedleSet;
  /** Whether its masks count (NeedleSet); true unless given. */
  readonly counted?: boolean;
}

/**
 * What a Redactor is, without its copies: what it gives is there until the next call of anything that uses the
 * same needles.
 */
export interface Masking {
  write(chunk: Uint8Array): Uint8Array;
  release(): Uint8Array;
  end(): Uint8Array;
}

/** Opens a stream in which the values of `needles` are masked. */
export function openMasking(
  needles: NeedleSet,
  { mask = DEFAULT_MASK, counted = true }: Pick<RedactorOptions, 'mask' | 'counted'> = {},
): Masking {
  const maskBytes = Buffer.from(mask, 'utf8');
  // Its memory is not the collector's: it is closed at the end, and opened again if there is more.
  let stream: Stream | undefined;
  return {
    write(chunk) {
      needles.refuseIfWiped();
      stream ??= needles.open(maskBytes, counted);
      return stream.write(chunk);
    },
    release() {
      needles.refuseIfWiped();
      return stream?.release() ?? NOTHING;
    },
    end() {
      needles.refuseIfWiped();
      // Closing overwrites what the stream holds.
      const rest = stream === undefined ? NOTHING : Uint8Array.from(stream.end());
      stream?.close();
      stream = undefined;
      return rest;
    },
  };
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
  readonly #masking: Masking;

  constructor(options: RedactorOptions = {}) {
    this.#needles =
      options.needles ?? new NeedleSet(options.forms === undefined ? {} : { forms: options.forms });
    this.#masking = openMasking(this.#needles, options);
  }

  /** Has a value masked from the next byte written on. RangeError for one under 4 bytes. */
  add(secret: { name: string; value: string | Uint8Array }): void {
    this.#needles.add(secret);
  }

  /** Takes in output; returns what may be shown now, which the caller owns. */
  write(chunk: Uint8Array): Uint8Array {
    return copyOf(this.#masking.write(chunk));
  }

  /**
   * Nothing came for a while: gives of the held bytes what may be shown. Of any value that is at
   * most its first 4 bytes and a quarter of it; the rest is still masked when it comes.
   */
  release(): Uint8Array {
    return copyOf(this.#masking.release());
  }

  /** Gives the rest: nothing follows that could complete a value. */
  end(): Uint8Array {
    return copyOf(this.#masking.end());
  }
}

/** Many small array buffers cost the collector far more than few large ones. */
const SLAB_BYTES = 256 * 1024;
let slab = Buffer.alloc(0);
let slabUsed = 0;

/** Gives a copy that shares no byte with another, like those of Node's own pool. */
function copyOf(bytes: Uint8Array): Uint8Array {
  if (slabUsed + bytes.length > slab.length) {
    // Zeroed: whoever gets a copy can see the whole slab.
    slab = Buffer.alloc(Math.max(SLAB_BYTES, bytes.length));
    slabUsed = 0;
  }
  const copy = slab.subarray(slabUsed, slabUsed + bytes.length);
  copy.set(bytes);
  slabUsed += bytes.length;
  return copy;
}
