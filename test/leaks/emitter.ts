import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { markAfter, markBefore } from './marks.ts';
import { VECTORS } from './vectors.ts';

/* The program in the session: writes all vectors, each chunk in a write of its own. */
for (const [n, { chunks, gapMs }] of VECTORS.entries()) {
  writeSync(1, markBefore(n));
  for (const [at, chunk] of chunks.entries()) {
    if (at > 0 && gapMs > 0) await setTimeout(gapMs);
    writeSync(1, chunk);
  }
  writeSync(1, markAfter(n));
}
