import { benchExec } from './exec.ts';
import { benchNested } from './nested.ts';
import { type BenchOptions, parseOptions } from './options.ts';
import { benchPty } from './pty.ts';
import { benchRedact } from './redact.ts';
import { benchShares } from './shares.ts';
import { benchStartup } from './startup.ts';

/*
 * `npm run bench`, or `npm run bench -- redact pty exec nested startup shares`; a part of the first with
 * `npm run bench -- redact --secrets 100 --corpus plain,ansi --chunk 65536`. Machines are noisy: read the ratios,
 * which come from one run, interleaved; never the absolute figures of two runs.
 */
type Bench = (print: (line: string) => void, options: BenchOptions) => Promise<void>;
const BENCHES = new Map<string, Bench>([
  ['redact', benchRedact],
  ['pty', benchPty],
  ['exec', benchExec],
  ['nested', benchNested],
  ['startup', benchStartup],
  ['shares', benchShares],
]);

let options: BenchOptions;
try {
  options = parseOptions(process.argv.slice(2), [...BENCHES.keys()]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
for (const [name, bench] of BENCHES) {
  if (options.benches.length > 0 && !options.benches.includes(name)) continue;
  console.log(`\n## ${name}\n`);
  await bench((line) => console.log(line), options);
}
