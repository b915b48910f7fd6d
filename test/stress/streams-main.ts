import { stressStreams } from './streams.ts';

/*
 * `npm run stress:pty [-- N [SEED]]`: N sessions with programs that write at random and readers that read at random, in a
 * terminal and in pipes. Ends with an error, and the seed of that session, at the first one that loses or changes a byte.
 */
const rounds = Number(process.argv[2] ?? '2000');
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
  console.error('stress:pty takes a number of sessions and a seed');
  process.exit(2);
}
console.log(`seeds ${seed} to ${seed + rounds - 1}`);
const { bytes, closed, ways, late } = await stressStreams(rounds, seed);
const counts = Object.entries(ways).map(([way, count]) => `${count} in ${way}`);
console.log(
  `ok: ${rounds} sessions (${counts.join(', ')}), ${(bytes / 1e6).toFixed(0)} MB written; in ${closed} the reader left early`,
);
if (late > 0)
  console.log(`${late} sessions could not open the vault within 20 s, and were started again`);
