import { fuzzBroker } from './broker.ts';
import { fuzzReader } from './reader.ts';

/*
 * `npm run fuzz:protocol [-- N [SEED]]`: N frames to a real broker, N answers to the hook's parser (and a hundredth of
 * that to its client) under ASan and UBSan. Ends with an error on the first finding.
 */
const count = Number(process.argv[2] ?? '1000000');
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  console.error('fuzz:protocol takes a number of frames and a seed');
  process.exit(2);
}
console.log(`seed ${seed}`);
await fuzzReader(count, Math.ceil(count / 100), seed);
console.log(`ok: the hook's reader (${count} answers)`);
const released = await fuzzBroker(count, seed);
console.log(`ok: the broker (${count} frames, ${released} of them good requests that got values)`);
