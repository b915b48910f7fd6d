import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../support/random.ts';
import { stressKills } from './kill.ts';

test('twelve sessions, killed somewhere: every released value has its row [G3]', async () => {
  const { killed } = await stressKills(12, seededRandom(3));
  assert.ok(killed.session > 0);
});
