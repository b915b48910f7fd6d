import { makeVault, randomValue } from '../support/cli.ts';
import { observe } from './observe.ts';
import { expectedCell, ROWS, transparencyTable } from './table.ts';

/*
 * `npm run transparency [-- NAME...]`: each program bare in a terminal and in a session. Prints the table of
 * docs/transparency.md as it is here, and ends with 1 if a row is not as it should be.
 */
const names = process.argv.slice(2);
const vault = await makeVault();
const cells = new Map<string, string>();
try {
  await vault.set('t', randomValue());
  for (const row of ROWS) {
    if (names.length > 0 && !names.includes(row.name)) continue;
    const observed = await observe(vault, row).catch((error: unknown) => {
      return { kind: 'wrong', what: describe(error) } as const;
    });
    if (observed.kind === 'wrong') process.exitCode = 1;
    console.error(`${row.name}: ${observed.kind}`);
    cells.set(
      row.name,
      observed.kind === 'wrong'
        ? `WRONG: ${observed.what}`
        : observed.kind === 'not run'
          ? `not run here: ${observed.why}`
          : `${expectedCell(row)}${observed.kind === 'bytes' && row.expected === 'screens' ? ' (here, the same bytes)' : ''}`,
    );
  }
} finally {
  vault.remove();
}
console.log(transparencyTable((row) => cells.get(row.name) ?? '').join('\n'));

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
