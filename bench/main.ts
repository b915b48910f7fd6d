import { benchExec } from './exec.ts';
import { benchPty } from './pty.ts';
import { benchRedact } from './redact.ts';

/*
 * `npm run bench`, or `npm run bench -- redact pty exec`. Machines are noisy: read the ratios, which come from
 * one run, interleaved; never the absolute figures of two runs.
 */
const BENCHES = new Map([
  ['redact', benchRedact],
  ['pty', benchPty],
  ['exec', benchExec],
]);

const asked = process.argv.slice(2);
for (const name of asked) {
  if (!BENCHES.has(name)) {
    console.error(`no bench called ${name}; there are: ${[...BENCHES.keys()].join(', ')}`);
    process.exit(2);
  }
}
for (const [name, bench] of BENCHES) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n## ${name}\n`);
  await bench((line) => console.log(line));
}
