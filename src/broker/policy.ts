/** What is known of a request before anything is looked up. */
export interface PolicyRequest {
  /** A placeholder is no placeholder: `$VAULT<` without a name and `>`. */
  readonly malformed: boolean;
  /** The asking process runs in its parent's memory, where a value would stay behind. */
  readonly sharesMemory: boolean;
  /** How many names are asked for. */
  readonly names: number;
}

export type Decision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny'; readonly reason: DenyReason };

export type DenyReason = 'malformed' | 'shared-memory' | 'nothing-asked';

/** Says whether a request may go on to the vault: today every existing secret may be used. */
export function decide(request: PolicyRequest): Decision {
  if (request.malformed) return { kind: 'deny', reason: 'malformed' };
  if (request.sharesMemory) return { kind: 'deny', reason: 'shared-memory' };
  if (request.names > 0) return { kind: 'allow' };
  return { kind: 'deny', reason: 'nothing-asked' };
}
