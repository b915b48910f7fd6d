import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthOf } from './growth.ts';
import { soak } from './soak.ts';

test('200 MB through one session: memory stays where it was, descriptors too', async () => {
  const { usages } = await soak(200e6, 0);
  assert.equal(usages.length, 2);
  for (const usage of usages) assert.equal(growthOf(usage), undefined);
});
