import { VaultShellError } from '../base/errors.ts';
import type { Row } from './engine.ts';

/**
 * Columns of a row as the types they must have. A key holder's own program may have put anything
 * there; what does not fit is VAULT_DAMAGED, naming the column but never what is in it.
 */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw unexpected(column);
  return value;
}

export function nullableText(row: Row, column: string): string | null {
  return isNull(row[column]) ? null : text(row, column);
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number' || !Number.isInteger(value)) throw unexpected(column);
  return value;
}

export function nullableInteger(row: Row, column: string): number | null {
  return isNull(row[column]) ? null : integer(row, column);
}

/** JSON of the form that `is` knows; null where there is nothing. */
export function nullableJson<T>(
  row: Row,
  column: string,
  is: (value: unknown) => value is T,
): T | null {
  const stored = nullableText(row, column);
  if (stored === null) return null;
  try {
    const value: unknown = JSON.parse(stored);
    if (is(value)) return value;
  } catch {
    // no JSON
  }
  throw unexpected(column);
}

function isNull(value: unknown): boolean {
  return value === null || value === undefined;
}

export function unexpected(column: string): VaultShellError {
  return new VaultShellError('VAULT_DAMAGED', `vault.db has something unexpected in ${column}`);
}
