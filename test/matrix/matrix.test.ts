import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { native } from '../../src/base/native.ts';
import { randomValue } from '../support/cli.ts';
import { startHookSession, type HookSession } from '../support/hook-environment.ts';
import { missing } from '../support/programs.ts';
import { observe } from './observe.ts';
import { expectedTable, PLACES, WAYS } from './table.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

const DOCUMENT = new URL('../../../docs/launchers.md', import.meta.url);
const value = randomValue();
let session: HookSession;
let workshop: Workshop;

before(async () => {
  session = await startHookSession({ gh: value });
  workshop = openWorkshop();
  // As a session does: what a launcher leaves behind belongs to it.
  native().setSubreaper(true);
});
after(async () => {
  workshop.remove();
  await session.close();
});

for (const way of WAYS) {
  test(`${way.name} [G11]`, { skip: missing(...(way.needs ?? [])) }, async (t) => {
    for (const place of PLACES) {
      const observed = await observe(session, value, way, place, workshop.open());
      if (observed.kind === 'not run') {
        t.skip(observed.why);
        return;
      }
      assert.deepEqual(observed, { kind: 'result', result: way.expected[place] }, place);
    }
  });
}

test('docs/launchers.md has this table', () => {
  const text = expectedTable().join('\n');
  assert.ok(readFileSync(DOCUMENT, 'utf8').includes(`\n${text}\n`), `it is now:\n${text}`);
});
