import type { Random } from '../support/random.ts';

/** How a program writes in one round, and how its reader reads. */
export interface StreamPlan {
  /** Where its output goes; in `one pipe` both outputs are the same (`2>&1`). */
  readonly way: 'terminal' | 'two pipes' | 'one pipe';
  readonly content: Buffer;
  /** What `content` is written in, one after the other. */
  readonly pieces: readonly Piece[];
  /** The program keeps its terminal from changing any byte. */
  readonly raw: boolean;
  readonly code: number;
  readonly reader: 'fast' | 'slow' | 'stalls';
  /** The window changes its size all the time. */
  readonly resizes: boolean;
  /** The reader goes away after so many bytes. */
  readonly closeAt: number | undefined;
}

export interface Piece {
  readonly fd: 1 | 2;
  readonly length: number;
  readonly pauseUs: number;
}

/** Most are small, as most output is; the last are more than everything on the way can hold. */
const SIZES = [0, 1, 200, 5000, 20_000, 100_000, 400_000, 1_000_000, 5_000_000] as const;
const SIZE_WEIGHTS = [1, 1, 4, 4, 4, 4, 2, 1, 1] as const;
const MAX_PIECES = 4000;
/** In all of a round. */
const MAX_PAUSES = 40;
const PAUSES_US = [100, 1000, 5000, 25_000] as const;

/** `beginnings` are those of values, too short to be masked: what is held back must come all the same. */
export function planStream(random: Random, beginnings: readonly string[]): StreamPlan {
  const way = random.pick(['terminal', 'terminal', 'two pipes', 'one pipe'] as const);
  const limit = random.pick(
    SIZES.flatMap((size, at) => Array.from({ length: SIZE_WEIGHTS[at] ?? 1 }, () => size)),
  );
  const content = contentOf(random, limit === 0 ? 0 : random.below(limit) + 1, beginnings);
  const closes = content.length > 0 && random.below(6) === 0;
  return {
    way,
    content,
    pieces: piecesOf(random, content.length),
    raw: random.below(3) > 0,
    code: random.pick([0, 0, 7, 255]),
    reader: random.pick(['fast', 'fast', 'slow', 'stalls'] as const),
    resizes: random.below(3) === 0,
    closeAt: closes ? random.below(content.length) : undefined,
  };
}

function contentOf(random: Random, length: number, beginnings: readonly string[]): Buffer {
  const kind = random.pick(['binary', 'coloured', 'beginnings'] as const);
  if (kind === 'binary') return random.bytes(length);
  const parts: Buffer[] = [];
  for (let total = 0; total < length;) {
    const part =
      kind === 'coloured'
        ? `\x1b[3${random.below(8)}mline ${random.below(1e6)}\x1b[0m ünï ${random.text('-=# ', random.below(60))}\n`
        : `${random.pick(beginnings)}${random.pick(['', ' ', '\n', '\x1b[1m', '\x1b'])}`;
    parts.push(Buffer.from(part));
    total += parts.at(-1)?.length ?? 0;
  }
  return Buffer.concat(parts).subarray(0, length);
}

function piecesOf(random: Random, length: number): Piece[] {
  // A burst, lines, or single bytes; never more pieces than MAX_PIECES.
  const usual = Math.max(
    random.pick([1, 2, 100, 4096, 70_000, length]),
    Math.ceil(length / MAX_PIECES),
    1,
  );
  const pieces: Piece[] = [];
  const pauseEvery = random.pick([0, 0, 1, 50]);
  let pauses = 0;
  for (let left = length; left > 0;) {
    const size = Math.min(left, usual === 1 ? 1 : 1 + random.below(2 * usual - 1));
    const pausing = pauseEvery > 0 && pauses < MAX_PAUSES && random.below(pauseEvery) === 0;
    if (pausing) pauses++;
    pieces.push({
      fd: random.pick([1, 2] as const),
      length: size,
      pauseUs: pausing ? random.pick(PAUSES_US) : 0,
    });
    left -= size;
  }
  return pieces;
}
