import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';

const MODULE = new URL('../../src/base/memory.js', import.meta.url).href;
/** Lets many young objects survive, and tells how large the space for them has become. */
const BURST = `
  let kept = [];
  for (let n = 0; n < 2e6; n++) {
    kept.push({ n });
    if (kept.length > 50_000) kept = [];
  }
  const spaces = process.getBuiltinModule('node:v8').getHeapSpaceStatistics();
  console.log(spaces.find((space) => space.space_name === 'new_space').space_size);`;

void test('a burst of work does not enlarge the heap for young objects for ever', () => {
  const sizeAfter = (before: string): number =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', `${before}; ${BURST}`], {
        encoding: 'utf8',
      }),
    );
  const usual = sizeAfter('');
  const bound = sizeAfter(`(await import('${MODULE}')).boundYoungGeneration()`);
  assert.ok(bound <= 4 * 1024 * 1024, `${bound}`);
  assert.ok(usual >= 4 * bound, `${usual} and ${bound}`);
});
