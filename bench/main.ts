import { benchExec } from './exec.ts';
import { benchPty } from './pty.ts';
import { benchRedact } from './redact.ts';

/*
 * `npm run bench`, or `npm run bench -- redact pty exec`. Machines are noisy: read the ratios, which come from
 * one run, interleaved; never the absolute figures of two runs.
 */
const BENCHES = { redact: benchRedact, pty: benchPty, exec: benchExec } as const;

type Name = keyof typeof BENCHES;

const asked = process.argv.slice(2);
for (const name of asked) {
  if (!(name in BENCHES)) {
    console.error(`no bench called ${name}; there are: ${Object.keys(BENCHES).join(', ')}`);
    process.exit(2);
  }
}
for (const name of Object.keys(BENCHES) as Name[]) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n## ${name}\n`);
  await BENCHES[name]((line) => console.log(line));
}
