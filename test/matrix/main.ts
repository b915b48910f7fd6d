import { randomValue } from '../support/cli.ts';
import { startHookSession } from '../support/hook-environment.ts';
import { native } from '../../src/base/native.ts';
import { observe, type Observed } from './observe.ts';
import { matrixTable, PLACES, WAYS } from './table.ts';
import { openWorkshop } from './workshop.ts';

/*
 * `npm run matrix`: every way to start a program, with the programs of this machine. Prints the table of
 * docs/launchers.md as it is here, and ends with 1 if a cell is not as it should be.
 */
const value = randomValue();
const session = await startHookSession({ gh: value });
const workshop = openWorkshop();
native().setSubreaper(true);
const cells = new Map<string, Observed>();
let wrong = 0;
try {
  for (const way of WAYS) {
    for (const place of PLACES) {
      const observed = await observe(session, value, way, place, workshop.open());
      cells.set(way.name + place, observed);
      if (observed.kind === 'wrong') wrong += 1;
      if (observed.kind === 'result' && observed.result !== way.expected[place]) wrong += 1;
    }
  }
} finally {
  workshop.remove();
  await session.close();
}
const table = matrixTable((way, place) => textOf(cells.get(way.name + place)));
console.log(table.join('\n'));
process.exitCode = wrong > 0 ? 1 : 0;

function textOf(observed: Observed | undefined): string {
  if (observed === undefined) return '';
  if (observed.kind === 'result') return observed.result;
  return observed.kind === 'wrong' ? `WRONG: ${observed.what}` : `not run here: ${observed.why}`;
}
