import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Gives the paths of all files below a directory. */
export function filesUnder(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file).isFile());
}
