import { startChildStore } from '../../src/vault/child-store.ts';
import { KEY } from './fixture.ts';

/** A process that starts a child store, prints the child's pid and stays. */
const store = await startChildStore({ directory: process.argv[2] ?? '', key: KEY });
process.stdout.write(`${store.pid}\n`);
setInterval(() => undefined, 60_000);
