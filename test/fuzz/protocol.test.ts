import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzBroker } from './broker.ts';
import { fuzzReader } from './reader.ts';

test('three thousand frames: only good requests of the sender get values [G4]', async () => {
  assert.ok((await fuzzBroker(3000, 1)) > 0, 'some of the frames are good');
});

test("fifty thousand answers: the sanitizers find nothing in the hook's reader", async () => {
  await fuzzReader(50_000, 300, 1);
});
