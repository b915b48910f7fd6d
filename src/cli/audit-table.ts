import { escapeControls } from '../base/text.ts';
import type { AuditRow } from '../vault/types.ts';
import { table } from './output.ts';

const HEAD = ['ID', 'TIME', 'OUTCOME', 'EXIT', 'SECRETS', 'DIRECTORY', 'COMMAND'];
/** Where the next rows are not known, columns must stand under each other all the same. */
const WIDTHS = [4, 24, 7, 4, 16, 20];

/** Lays rows out under a head. */
export function auditTable(rows: readonly AuditRow[]): string {
  return table(HEAD, rows.map(cells));
}

/** Lays one row out, or the head, for rows that come one by one. */
export function auditLine(row: AuditRow | undefined): string {
  const line = (row === undefined ? HEAD : cells(row)).map(escapeControls);
  return line
    .map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0))
    .join('  ')
    .trimEnd();
}

function cells(row: AuditRow): string[] {
  return [
    String(row.id),
    row.ts,
    row.outcome,
    row.exit_code === null ? '-' : String(row.exit_code),
    row.secrets.join(','),
    row.cwd,
    // As a comment of a shell: it is not part of the command.
    row.reason === null ? row.command : `${row.command}  # ${row.reason}`,
  ];
}
