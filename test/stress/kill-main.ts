import { seededRandom } from '../support/random.ts';
import { stressKills } from './kill.ts';

/*
 * `npm run stress:kill [-- N [SEED]]`: N sessions, in each of which the session, the process that owns the vault, the
 * shell or a program with a value is killed at a random moment. Ends with an error if a value was released without a row.
 */
const rounds = Number(process.argv[2] ?? '200');
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
  console.error('stress:kill takes a number of rounds and a seed');
  process.exit(2);
}
console.log(`seed ${seed}`);
const { killed, released } = await stressKills(rounds, seededRandom(seed));
const counts = Object.entries(killed).map(([victim, count]) => `${victim} ${count}`);
console.log(`ok: ${released} released values, each with its row; killed: ${counts.join(', ')}`);
