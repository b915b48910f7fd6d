import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';

const MODULE = new URL('../../src/base/v8.js', import.meta.url).href;
/** Lets many young objects survive, and tells how large the space for them has become. */
const BURST = `
  let kept = [];
  for (let n = 0; n < 2e6; n++) {
    kept.push({ n });
    if (kept.length > 50_000) kept = [];
  }
  const spaces = process.getBuiltinModule('node:v8').getHeapSpaceStatistics();
  console.log(spaces.find((space) => space.space_name === 'new_space').space_size);`;
/** Calls a function until it is optimized, and tells how often. */
const CALLS = `
  const OPTIMIZED = 1 << 4;
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  let calls = 0;
  while (calls < 1e6 && (%GetOptimizationStatus(sum) & OPTIMIZED) === 0) {
    sum(numbers);
    calls++;
  }
  console.log(calls);`;
const COMPILE_AT_ONCE = ['--allow-natives-syntax', '--no-concurrent-recompilation'];

function numberFrom(script: string, flags: readonly string[] = []): number {
  const args = [...flags, '--input-type=module', '-e', script];
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

void test('a burst of work does not enlarge the heap for young objects for ever', () => {
  const usual = numberFrom(BURST);
  const bound = numberFrom(`(await import('${MODULE}')).boundYoungGeneration(); ${BURST}`);
  assert.ok(bound <= 4 * 1024 * 1024, `${bound}`);
  assert.ok(usual >= 4 * bound, `${usual} and ${bound}`);
});

void test('functions are optimized later, and still are', () => {
  const usual = numberFrom(CALLS, COMPILE_AT_ONCE);
  const later = numberFrom(`(await import('${MODULE}')).compileLater(); ${CALLS}`, COMPILE_AT_ONCE);
  assert.ok(later < 1e6, `${later}`);
  const known = /^2[02]\./.test(process.versions.node);
  if (known) assert.ok(later >= 4 * usual, `${usual} and ${later}`);
});
