import type { SecretInfo } from '../vault/types.ts';
import type { Asker } from './process-tree.ts';

export type Verdict = 'deny' | 'once' | 'session';

/** What a human is asked to decide. */
export interface ApprovalRequest {
  readonly id: string;
  readonly secrets: readonly SecretInfo[];
  /** Quoted, redacted, controls escaped. */
  readonly command: string;
  readonly cwd: string;
  readonly asker: Asker | undefined;
  readonly file: string | undefined;
  readonly session: string;
}

/** Asks a human; rejects never; 'deny' when none answers. `signal` aborts when somebody else has answered. */
export type AskHuman = (request: ApprovalRequest, signal: AbortSignal) => Promise<Verdict>;
