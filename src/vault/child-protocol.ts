import { VaultShellError, type ErrorCode } from '../base/errors.ts';
import type { AuditHead } from './files.ts';
import type { Rules } from './rules.ts';
import type { GrantRequest, PendingApproval } from './types.ts';

/**
 * What a session and the process that does its database work say to each other, over the channel
 * between them. Values travel as plain text here and nowhere else.
 */

export type ToChild =
  /** The first message, once the child is ready. `digest`: the values that the session knows already. */
  | {
      readonly kind: 'open';
      readonly directory: string;
      readonly key: Uint8Array;
      readonly digest: string | undefined;
    }
  | { readonly kind: 'call'; readonly id: number; readonly call: Call }
  /** The last message: the child closes the vault, then the channel. */
  | { readonly kind: 'close' };

export type Call =
  | { readonly op: 'rules'; readonly names: readonly string[] }
  | { readonly op: 'grant'; readonly request: GrantRequest }
  | { readonly op: 'deny'; readonly request: GrantRequest }
  | { readonly op: 'postApproval'; readonly pending: PendingApproval }
  | { readonly op: 'verdictOf' | 'withdrawApproval'; readonly approval: string }
  | { readonly op: 'recordExit'; readonly operation: string; readonly exitCode: number }
  | { readonly op: 'keepHead' }
  | { readonly op: 'hasHead'; readonly head: AuditHead }
  /** What a session needs to start: all values, and whether the log is whole. */
  | { readonly op: 'start' };

export type FromChild =
  /** The first message: now the key may come. */
  | { readonly kind: 'ready' }
  /** The vault could not be opened; the process ends by itself. */
  | { readonly kind: 'failed'; readonly error: PlainError }
  /** All values, when they are not those of the last digest. */
  | { readonly kind: 'values'; readonly snapshot: Snapshot }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: PlainError };

export type Answer =
  | { readonly kind: 'granted'; readonly values: readonly string[] }
  | { readonly kind: 'unknown'; readonly names: readonly string[] }
  | { readonly kind: 'rules' | 'changed'; readonly rules: readonly Rules[] }
  | { readonly kind: 'verdict'; readonly verdict: string | undefined }
  | { readonly kind: 'done' }
  | { readonly kind: 'has'; readonly has: boolean }
  | {
      readonly kind: 'started';
      readonly snapshot: Snapshot;
      readonly trouble: string | undefined;
    };

export interface Snapshot {
  readonly values: readonly { readonly name: string; readonly value: string }[];
  /** Keyed with the vault's key: tells two snapshots apart without keeping either. */
  readonly digest: string;
}

export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

export function toPlainError(error: unknown): PlainError {
  if (error instanceof VaultShellError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message, hint: undefined };
}

export function fromPlainError({ code, message, hint }: PlainError): VaultShellError {
  return new VaultShellError(code, message, hint === undefined ? {} : { hint });
}
