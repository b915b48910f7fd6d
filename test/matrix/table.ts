import { callWays, outsideWays } from './calls.ts';
import { languageWays } from './languages.ts';
import { launcherWays } from './launchers.ts';
import type { Place, Way } from './way.ts';

export const WAYS: readonly Way[] = [...callWays, ...launcherWays, ...languageWays, ...outsideWays];

export const PLACES: readonly Place[] = ['argv', 'env'];

/** The matrix as Markdown; `cellOf` gives what a way made of a placeholder. */
export function matrixTable(cellOf: (way: Way, place: Place) => string): string[] {
  const rows = WAYS.map((way) => {
    const cells = PLACES.map((place) => cellOf(way, place));
    return `| ${way.name} | ${cells.join(' | ')} |`;
  });
  return ['| way | in an argument | in the environment |', '| --- | --- | --- |', ...rows];
}

/** What each way is to make of a placeholder: the table in docs/launchers.md. */
export function expectedTable(): string[] {
  return matrixTable((way, place) => way.expected[place]);
}
