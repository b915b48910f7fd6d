import type { SecretInfo } from '../vault/types.ts';
import type { Asker } from './process-tree.ts';

/** What a human says to a request: not at all, this time, or for as long as the session goes on. */
export const VERDICTS = ['deny', 'once', 'session'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a human is told of one exec that wants values. Nothing in it is a value. */
export interface ApprovalRequest {
  readonly id: string;
  /** Those that need an approval. */
  readonly secrets: readonly SecretInfo[];
  /** The argv, shell-quoted, redacted, controls escaped. */
  readonly command: string;
  readonly cwd: string;
  readonly asker: Asker | undefined;
  /** Real path of what is to run. */
  readonly file: string | undefined;
  /** The session's id. */
  readonly session: string;
}

/** Asks a human; rejects never; 'deny' when none answers. `signal` aborts when somebody else has answered. */
export type AskHuman = (request: ApprovalRequest, signal: AbortSignal) => Promise<Verdict>;
