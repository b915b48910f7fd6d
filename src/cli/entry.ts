import { fileURLToPath } from 'node:url';

/** The file that runs as `vault-shell`; the same step from dist/src and from dist/bundle. */
export const ENTRY = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** What that loads (tools/bundle.ts), which can be run as well. */
export const BUNDLE = fileURLToPath(new URL('../../bundle/cli/main.js', import.meta.url));
