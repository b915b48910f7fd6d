import { growthOf } from './growth.ts';
import { soak } from './soak.ts';

/*
 * `npm run soak [-- GB]`: so much output through one session on a terminal, then 30 s of nothing. Ends with 1 if memory still
 * grows in the second half, if descriptors come or go, or if anything runs while nothing happens.
 */
const gigabytes = Number(process.argv[2] ?? '10');
if (!(gigabytes > 0)) {
  console.error('soak takes a number of gigabytes');
  process.exit(2);
}
const IDLE_MS = 30_000;
/** One tick may fall to whoever runs when the clock does. */
const MAX_IDLE_TICKS = 1;
const { usages, megabytesPerSecond } = await soak(gigabytes * 1e9, IDLE_MS, (part) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${part}/40`);
});
console.log(`${gigabytes} GB through one session at ${megabytesPerSecond.toFixed(0)} MB/s`);
for (const usage of usages) {
  const { name, megabytes, descriptors, idleTicks } = usage;
  const some = megabytes.filter((_, at) => at % 5 === 0 || at === megabytes.length - 1).join(' ');
  const counts = [...new Set(descriptors)].join(', ');
  console.log(
    `${name}: resident MB ${some}; descriptors ${counts}; ${idleTicks * 10} ms of CPU in ${IDLE_MS / 1000} idle s`,
  );
  if (growthOf(usage) !== undefined || idleTicks > MAX_IDLE_TICKS) process.exitCode = 1;
}
