import { startChildStore } from '../../src/vault/child-store.ts';
import { KEY } from './fixture.ts';

/** A process that starts a child store, prints the child's pid and stays. */
const store = startChildStore(process.argv[2] ?? '');
await store.open(KEY);
process.stdout.write(`${store.pid}\n`);
setInterval(() => undefined, 60_000);
