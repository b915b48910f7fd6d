import type { Filter } from '../../src/session/filter.ts';

/** A filter that changes nothing. */
export function plainFilter(): Filter {
  return {
    write: (chunk) => Uint8Array.from(chunk),
    release: () => new Uint8Array(),
    end: () => new Uint8Array(),
  };
}

/** A filter that holds back one last `@` until it is released, more follows, or the end comes. */
export function holdingFilter(): Filter {
  let held = Buffer.alloc(0);
  function takeHeld(): Uint8Array {
    const bytes = held;
    held = Buffer.alloc(0);
    return bytes;
  }
  return {
    write(chunk) {
      const before = takeHeld();
      if (chunk.at(-1) !== 0x40) return Buffer.concat([before, chunk]);
      held = Buffer.from('@');
      return Buffer.concat([before, chunk.subarray(0, -1)]);
    },
    release: takeHeld,
    end: takeHeld,
  };
}
