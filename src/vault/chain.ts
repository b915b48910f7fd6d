import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Row } from './engine.ts';

/**
 * The log's chain: each row carries an HMAC over its columns and the HMAC of the row before, so that no
 * row can be changed, left out, put in or moved without the key. Pure.
 *
 * The exit code is filled in later and has an HMAC of its own.
 */

/** What a row's HMAC covers, in this order: all that never changes. A new column needs a new label. */
export const SEALED_COLUMNS = [
  'id',
  'ts',
  'secrets',
  'command',
  'cwd',
  'outcome',
  'operation',
  'program',
  'pid',
  'parents',
  'session',
  'agent',
  'exposure',
  'reason',
  'approval',
] as const;

/** What is sealed of a row that was there before the chain. */
export const EARLIER_COLUMNS = SEALED_COLUMNS.slice(0, 7);

const KEY_LABEL = 'vault-shell audit chain 1';

/** Gives the key of the chain of one vault; another vault's rows do not pass, even under the same key. */
export function chainKey(vault: {
  readonly key: Buffer;
  readonly file: { readonly id: string };
}): Buffer {
  return Buffer.from(hkdfSync('sha256', vault.key, vault.file.id, KEY_LABEL, 32));
}

/** Gives a row's HMAC as hex digits; `previous` is that of the row before, or the seal for the first. */
export function rowMac(key: Buffer, previous: string, row: Row): string {
  return mac(key, ['row', previous, ...SEALED_COLUMNS.map((column) => row[column] ?? null)]);
}

/** Gives the HMAC of an exit code: of this row, and of no other. */
export function exitMac(key: Buffer, ofRow: string, exitCode: number): string {
  return mac(key, ['exit', ofRow, exitCode]);
}

/** Gives what the first row builds on: it covers the rows from before the chain, next one last. */
export function sealMac(key: Buffer, previous: string, row: Row): string {
  return mac(key, ['before', previous, ...EARLIER_COLUMNS.map((column) => row[column] ?? null)]);
}

/** The seal of no rows at all. */
export const EMPTY_SEAL = '';

export function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** JSON keeps the fields apart whatever is in them. */
function mac(key: Buffer, fields: readonly unknown[]): string {
  return createHmac('sha256', key).update(JSON.stringify(fields)).digest('hex');
}
