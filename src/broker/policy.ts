import path from 'node:path';
import { isExpired, isSensitive, type Approval, type Policy, type Rules } from '../vault/rules.ts';
import type { Exposure } from '../vault/types.ts';

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

/** Says whether a request may be looked at further: whether it is one at all. */
export function decide(request: PolicyRequest): Decision {
  if (request.malformed) return { kind: 'deny', reason: 'malformed' };
  if (request.sharesMemory) return { kind: 'deny', reason: 'shared-memory' };
  if (request.names > 0) return { kind: 'allow' };
  return { kind: 'deny', reason: 'nothing-asked' };
}

/** What the rules of one secret are held against. */
export interface Use {
  /** Real path of what is to run. */
  readonly file: string | undefined;
  /** Of the bytes of `file`; undefined when it was not looked at or could not be read. */
  readonly sha256: string | undefined;
  readonly cwd: string;
  /** How the program would be shown the value. */
  readonly exposures: readonly Exposure[];
  /** The placeholders may stay text: the name stands in the environment alone. */
  readonly optional: boolean;
  /** ISO 8601 UTC. */
  readonly now: string;
}

export type UseDecision =
  | { readonly kind: 'allow' }
  /** A human is to say yes: to this use, or (`session`) once for all of a program in a session. */
  | { readonly kind: 'ask'; readonly approval: Exclude<Approval, 'never'> }
  /** The program is given no value, and its placeholders stay text. */
  | { readonly kind: 'text'; readonly reason: string }
  | { readonly kind: 'deny'; readonly reason: string };

/** Says whether a secret may be used so. Pure: everything that counts is in the arguments. */
export function decideUse({ info, policy }: Rules, use: Use): UseDecision {
  const reason = refusalOf(policy, use);
  if (reason !== undefined) return { kind: 'deny', reason: `${info.name} ${reason}` };
  const elsewhere = misplacement(policy, use);
  if (elsewhere !== undefined) {
    const kind = use.optional ? 'text' : 'deny';
    return { kind, reason: `${info.name} ${elsewhere}` };
  }
  switch (approvalOf({ info, policy })) {
    case 'never':
      return { kind: 'allow' };
    case 'once':
      return { kind: 'ask', approval: 'once' };
    case 'session':
      return { kind: 'ask', approval: 'session' };
    default:
      return { kind: 'deny', reason: `${info.name} needs an approval of an unknown kind` };
  }
}

/** Gives how a use is to be approved: as the policy says, or by what the attributes tell of the secret. */
export function approvalOf({ info, policy }: Rules): Approval {
  return policy.approval ?? (isSensitive(info) ? 'once' : 'never');
}

/** What holds whatever runs. */
function refusalOf(policy: Policy, use: Use): string | undefined {
  if (isExpired(policy, use.now)) return `has expired (${policy.expires ?? ''})`;
  if (policy.uses !== null && policy.uses <= 0) return 'has no uses left';
  if (policy.exposures === null) return undefined;
  const { exposures } = policy;
  const forbidden = use.exposures.filter((exposure) => !exposures.includes(exposure));
  // How it would be given is not known: then it might be in a way that is not allowed.
  if (use.exposures.length === 0) return 'may not be given in an unknown way';
  return forbidden.length === 0 ? undefined : `may not be given by ${forbidden.join(', ')}`;
}

/** What holds of this program in this directory: another one may use the secret. */
function misplacement({ programs, cwd }: Policy, use: Use): string | undefined {
  if (cwd !== null && !isWithin(use.cwd, cwd)) return `is not for the directory ${use.cwd}`;
  if (programs === null) return undefined;
  const byPath = programs.filter((program) => program.path === use.file);
  if (byPath.length === 0) return `is not for ${use.file ?? 'an unknown program'}`;
  const isRight = byPath.some(({ sha256 }) => sha256 === null || sha256 === use.sha256);
  return isRight ? undefined : `is not for ${use.file ?? ''} as it is now (sha256)`;
}

function isWithin(directory: string, prefix: string): boolean {
  if (!path.isAbsolute(directory)) return false;
  const inner = path.resolve(directory);
  return inner === prefix || inner.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
