import { check, properties } from './properties.ts';

/** `node fuzz.js N`: every property with N random streams. A counterexample belongs in test/corpus. */
const runs = Number(process.argv[2] ?? '10000');

for (const property of properties) {
  check(property, runs);
  console.log(`ok: ${property.name} (${runs} streams)`);
}
