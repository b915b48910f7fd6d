import type { Secret } from '../base/secret.ts';

/** The attributes of a secret: all that is ever shown of it. Columns of `secrets`, in order. */
export interface SecretInfo {
  readonly name: string;
  readonly provider: string | null;
  readonly account: string | null;
  readonly environment: string | null;
  readonly access: string | null;
  /** Tags joined by `,`. */
  readonly tags: string;
  readonly description: string | null;
  /** ISO 8601 UTC, as all times here. */
  readonly created_at: string;
  readonly last_used_at: string | null;
}

export interface NamedValue {
  readonly name: string;
  readonly value: Secret;
}

export interface AuditRow {
  readonly id: number;
  readonly ts: string;
  readonly secrets: readonly string[];
  /** The argv, shell-quoted, placeholders unresolved, values masked. */
  readonly command: string;
  readonly cwd: string;
  readonly exit_code: number | null;
  readonly outcome: 'ran' | 'denied';
}

export interface GrantRequest {
  /** Unique id of this operation: lets it be repeated after a crash without a second row. */
  readonly operation: string;
  /** Names without repeats, in the order of their first use. */
  readonly names: readonly string[];
  readonly command: string;
  readonly cwd: string;
}

export type GrantResult =
  /** The row is committed and durable; `values` stand in the order of `names`. */
  | { readonly kind: 'granted'; readonly values: readonly Secret[] }
  /** Nothing is released; a `denied` row is committed. */
  | { readonly kind: 'unknown'; readonly names: readonly string[] };

/** How a program is shown a value: in its environment, an argument, a file in memory, or its standard input. */
export type Exposure = 'env' | 'argv' | 'file' | 'stdin';

/** What the broker needs of a vault. Both the direct and the child-process store offer it. */
export interface GrantStore {
  /** One transaction: all names exist -> `ran` row, `last_used_at`, values; else a `denied` row. */
  grant(request: GrantRequest): Promise<GrantResult>;
  /** Commits a `denied` row. */
  deny(request: GrantRequest): Promise<void>;
  /** Fills in the exit code of a `ran` row, once; a second call for the same row does nothing. */
  recordExit(operation: string, exitCode: number): Promise<void>;
}
