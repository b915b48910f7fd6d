import { writeSync } from 'node:fs';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { escapeControls } from '../base/text.ts';

/*
 * stdout is data only. Everything the tool says goes to stderr as `vault-shell: ...`, lower case, no
 * full stop; questions go to the controlling terminal (prompt.ts). Writes are synchronous, so that
 * nothing is lost when the process ends right after.
 */

/**
 * Writes data to stdout, whole, waiting for a slow reader; quiet when the reader is gone, and false then.
 * Throws VAULT_IO when it is lost for another reason (a full disk).
 */
export function printData(text: string): boolean {
  try {
    writeAll(1, text);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EPIPE') return false;
    throw new VaultShellError('VAULT_IO', `cannot write the output: ${code ?? 'unknown error'}`, {
      cause: error,
    });
  }
}

export function printLine(text: string): boolean {
  return printData(`${text}\n`);
}

export function say(message: string): void {
  tell(`vault-shell: ${message}\n`);
}

/** Prints an error as `error:` and, where it helps, `hint:`; a stack trace only when `debug`. */
export function printError(error: unknown, debug: boolean): void {
  if (error instanceof VaultShellError) {
    say(`error: ${escapeControls(error.message)}`);
    if (error.hint !== undefined) say(`hint: ${escapeControls(error.hint)}`);
  } else {
    say(`error: internal error: ${escapeControls(messageOf(error))}`);
    say('hint: set VAULT_SHELL_DEBUG=1 for a stack trace');
  }
  if (debug && error instanceof Error) tell(`${error.stack ?? ''}\n`);
}

function tell(text: string): void {
  try {
    writeAll(2, text);
  } catch {
    // There is nobody else to tell.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  let from = 0;
  while (from < bytes.length) {
    try {
      from += writeSync(fd, bytes, from);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error;
      waitBriefly();
    }
  }
}

/** Our stdout may be a non-blocking pipe shared with others: wait 1 ms without spinning. */
function waitBriefly(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** Lays rows out in columns two blanks apart; cells are escaped, the last column is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(escapeControls))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
