import { editorRows } from './editors.ts';
import { dialogRows } from './dialogs.ts';
import { disciplineRows } from './discipline.ts';
import { replRows } from './repls.ts';
import type { Row } from './row.ts';
import { sequenceRows } from './sequences.ts';
import { viewerRows } from './viewers.ts';

export const ROWS: readonly Row[] = [
  ...editorRows,
  ...viewerRows,
  ...dialogRows,
  ...replRows,
  ...sequenceRows,
  ...disciplineRows,
];

/** The table as Markdown; `cellOf` gives what became of a row. */
export function transparencyTable(cellOf: (row: Row) => string): string[] {
  const rows = ROWS.map((row) => `| ${row.name} | ${row.does} | ${cellOf(row)} |`);
  return ['| program | what is done | in a session |', '| --- | --- | --- |', ...rows];
}

/** What is to become of a row. */
export function expectedCell({ expected, apart }: Row): string {
  if (typeof expected === 'object') return `differs: ${expected.why}`;
  const from = apart === undefined ? '' : `, but for ${apart.from}`;
  return `the same ${expected}${from}`;
}
