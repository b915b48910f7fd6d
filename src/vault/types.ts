import type { Secret } from '../base/secret.ts';
import type { Rules } from './rules.ts';

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

/** How a program was handed a value. */
export const EXPOSURES = ['env', 'argv', 'file', 'stdin'] as const;
export type Exposure = (typeof EXPOSURES)[number];

export function isExposures(value: unknown): value is Exposure[] {
  const known: readonly unknown[] = EXPOSURES;
  return Array.isArray(value) && value.every((kind) => known.includes(kind));
}

/** A process as the log names it. */
export interface ProcessName {
  readonly pid: number;
  /** Real path of what it runs; its bare name where the path cannot be read. */
  readonly program: string;
}

/** What may be known of a grant beyond who wanted what where. Each is NULL in the log when it is not known. */
export interface GrantDetails {
  /** Real path of what is to run. */
  readonly program?: string | undefined;
  /** Of what is to run; unknown for what another process is yet to start. */
  readonly pid?: number | undefined;
  /** The processes that it was started by, nearest first, up to the session. */
  readonly parents?: readonly ProcessName[] | undefined;
  /** The session's id. */
  readonly session?: string | undefined;
  /** The coding agent that is behind it: `claude`, `codex`... */
  readonly agent?: string | undefined;
  /** By name: how the value is handed over. */
  readonly exposures?: ReadonlyMap<string, readonly Exposure[]> | undefined;
  /** Why it was denied, one line without a value. */
  readonly reason?: string | undefined;
  /** How it was approved. */
  readonly approval?: string | undefined;
}

/** A row as `audit --json` gives it: names and order are stable, new fields come last. */
export interface AuditRow {
  readonly id: number;
  readonly ts: string;
  readonly secrets: readonly string[];
  /** The argv, shell-quoted, placeholders unresolved, values masked. */
  readonly command: string;
  readonly cwd: string;
  readonly exit_code: number | null;
  readonly outcome: Outcome;
  readonly operation: string | null;
  readonly program: string | null;
  readonly pid: number | null;
  readonly parents: readonly ProcessName[] | null;
  readonly session: string | null;
  readonly agent: string | null;
  readonly exposure: Readonly<Record<string, readonly Exposure[]>> | null;
  readonly reason: string | null;
  readonly approval: string | null;
}

export const OUTCOMES = ['ran', 'denied'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface GrantRequest extends GrantDetails {
  /** Unique id of this operation: lets it be repeated after a crash without a second row. */
  readonly operation: string;
  /** Names without repeats, in the order of their first use. */
  readonly names: readonly string[];
  readonly command: string;
  readonly cwd: string;
  /** By name: the rules that this was decided with. Of other names, that anyone may use them. */
  readonly expected?: ReadonlyMap<string, Rules> | undefined;
  /** To be shown to a human: of the rules only the expiry counts, and no use is taken. */
  readonly forHuman?: boolean | undefined;
}

export type GrantResult =
  /** The row is committed and durable; `values` stand in the order of `names`. */
  | { readonly kind: 'granted'; readonly values: readonly Secret[] }
  /** Nothing is released; a `denied` row is committed. */
  | { readonly kind: 'unknown'; readonly names: readonly string[] }
  /** Nothing is released and there is no row: the rules, in the order of `names`, are not the expected ones. */
  | { readonly kind: 'changed'; readonly rules: readonly Rules[] };

/** A request that waits for a human, as others are shown it: no value, controls escaped. */
export interface PendingApproval {
  readonly id: string;
  readonly created: string;
  readonly session: string;
  /** Names joined by `,`. */
  readonly secrets: string;
  readonly command: string;
  readonly cwd: string;
  readonly file: string | null;
  /** JSON: the process that asks, its parents and agent. */
  readonly asker: string | null;
  readonly expires: string;
}

/** Where a request waits for the answer of a human at another terminal. */
export interface ApprovalStore {
  postApproval(pending: PendingApproval): Promise<void>;
  /** Undefined while there is no answer. */
  verdictOf(id: string): Promise<string | undefined>;
  withdrawApproval(id: string): Promise<void>;
}

/** What the broker needs of a vault. */
export interface GrantStore extends ApprovalStore {
  /** Gives the rules of those of `names` that there is a secret of. */
  rules(names: readonly string[]): Promise<readonly Rules[]>;
  /**
   * One transaction: all names exist and their rules are the expected ones -> `ran` row, `last_used_at`,
   * uses counted, values; else a `denied` row, or the rules as they are.
   */
  grant(request: GrantRequest): Promise<GrantResult>;
  /** Commits a `denied` row. */
  deny(request: GrantRequest): Promise<void>;
  /** Fills in the exit code of a `ran` row, once; a second call for the same row does nothing. */
  recordExit(operation: string, exitCode: number): Promise<void>;
}
