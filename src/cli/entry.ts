import { fileURLToPath } from 'node:url';

/** The file that runs as `vault-shell`. */
export const ENTRY = fileURLToPath(new URL('../cli/main.js', import.meta.url));
