import { parseArgs } from 'node:util';
import { findOverMasking } from './over-masking.ts';
import { observe } from './places.ts';
import { leakTable, overMaskingTable } from './table.ts';

/*
 * `npm run leaks`, or `npm run leaks -- --corpus-mb 50 --seed 7`: which of 30 usual ways a value gets out by, and
 * how much ordinary output is masked by mistake. Ends with 1 on more than one leak (a value of two
 * characters, which the vault refuses) or on any mistake.
 */
const MAX_LEAKS = 1;
const MEBIBYTE = 1024 * 1024;

const { values } = parseArgs({
  options: {
    'corpus-mb': { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
const corpusBytes = Number(values['corpus-mb']) * MEBIBYTE;
const seed = Number(values.seed);
if (!(corpusBytes > 0) || !Number.isInteger(seed)) {
  console.error('--corpus-mb and --seed take numbers');
  process.exit(2);
}

const table = leakTable(await observe());
console.log(`${table.lines.join('\n')}\n`);
const overMasking = findOverMasking(corpusBytes, seed);
console.log(overMaskingTable(overMasking).join('\n'));
if (table.leaks.length > MAX_LEAKS || overMasking.differences.length > 0) process.exitCode = 1;
