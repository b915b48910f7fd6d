import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stressStreams } from './streams.ts';

test('thirty sessions with random writers and readers: every byte arrives [G2]', async () => {
  const { ways, closed } = await stressStreams(30, 1);
  assert.ok(Math.min(...Object.values(ways), closed) > 0);
});
