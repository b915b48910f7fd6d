import type { Row } from './engine.ts';
import { nullableInteger, nullableJson, nullableText, unexpected } from './row.ts';
import { secretInfoOf } from './secret-info.ts';
import { isExposures, type Exposure, type SecretInfo } from './types.ts';

/** A program that may be given a value. */
export interface AllowedProgram {
  /** Real path. */
  readonly path: string;
  /** Of its bytes, in lower-case hex; null: whatever the file holds. */
  readonly sha256: string | null;
}

export const APPROVALS = ['never', 'once', 'session'] as const;
export type Approval = (typeof APPROVALS)[number];

/** What the owner of a secret allows. Null where nothing was said. */
export interface Policy {
  /** Any one of these; null: every program. */
  readonly programs: readonly AllowedProgram[] | null;
  /** Real path of a directory: it or what is below it must be the working directory. */
  readonly cwd: string | null;
  readonly exposures: readonly Exposure[] | null;
  /** ISO 8601 UTC: from then on nobody is given the value. */
  readonly expires: string | null;
  /** So many grants are left. */
  readonly uses: number | null;
  readonly approval: Approval | null;
}

export const NO_POLICY: Policy = {
  programs: null,
  cwd: null,
  exposures: null,
  expires: null,
  uses: null,
  approval: null,
};

/** All that decides who may use one secret. */
export interface Rules {
  readonly info: SecretInfo;
  readonly policy: Policy;
}

const SENSITIVE_ACCESS: readonly string[] = ['read-write', 'admin'];
const SENSITIVE_ENVIRONMENT: readonly string[] = ['prod', 'production'];

/** Whether a human is to approve the use of a secret of which no policy says so or otherwise. */
export function isSensitive({ access, environment }: SecretInfo): boolean {
  return has(SENSITIVE_ACCESS, access) || has(SENSITIVE_ENVIRONMENT, environment);
}

function has(list: readonly string[], attribute: string | null): boolean {
  return list.includes(attribute?.trim().toLowerCase() ?? '');
}

/** Whether anyone may use the secret, unasked: what holds for most, and is assumed of one not yet known. */
export function isPlain({ info, policy }: Rules): boolean {
  return !isSensitive(info) && sayOf(policy) === sayOf(NO_POLICY) && policy.uses === null;
}

/**
 * Whether what was decided with `expected` holds with `found`. Uses that others took do not matter as
 * long as one is left; nor does when it was last used.
 */
export function isSameDecision(expected: Rules, found: Rules): boolean {
  return (
    isSensitive(expected.info) === isSensitive(found.info) &&
    sayOf(expected.policy) === sayOf(found.policy) &&
    (expected.policy.uses === null) === (found.policy.uses === null)
  );
}

/** Whether the secret can be used at all at `now`; text of the same form as `expires` compares as time. */
export function isLapsed({ policy }: Rules, now: string): boolean {
  return policy.uses === 0 || isExpired(policy, now);
}

export function isExpired({ expires }: Policy, now: string): boolean {
  return expires !== null && expires <= now;
}

/** All but the uses left, which every grant changes. */
function sayOf({ programs, cwd, exposures, expires, approval }: Policy): string {
  return JSON.stringify([programs, cwd, exposures, expires, approval]);
}

/** What `rulesOf` reads, with `secrets` as s and `policies` as p. */
export const RULES_COLUMNS = `s.name, s.provider, s.account, s.environment, s.access, s.tags,
  s.description, s.created_at, s.last_used_at, p.programs, p.cwd, p.exposures, p.expires, p.uses,
  p.approval`;

export const RULES_TABLES = 'secrets s LEFT JOIN policies p ON p.name = s.name';

export function rulesOf(row: Row): Rules {
  return {
    info: secretInfoOf(row),
    policy: policyOf(row),
  };
}

function policyOf(row: Row): Policy {
  const uses = nullableInteger(row, 'uses');
  if (uses !== null && uses < 0) throw unexpected('uses');
  const expires = nullableText(row, 'expires');
  // Compared as text: another form of time would never come.
  if (expires !== null && !isIsoTime(expires)) throw unexpected('expires');
  return {
    programs: nullableJson(row, 'programs', isPrograms),
    cwd: nullableText(row, 'cwd'),
    exposures: nullableJson(row, 'exposures', isExposures),
    expires,
    uses,
    approval: approvalOf(nullableText(row, 'approval')),
  };
}

function isIsoTime(time: string): boolean {
  const date = new Date(time);
  return !Number.isNaN(date.getTime()) && date.toISOString() === time;
}

function approvalOf(stored: string | null): Approval | null {
  if (stored === null) return null;
  const approval = APPROVALS.find((known) => known === stored);
  if (approval === undefined) throw unexpected('approval');
  return approval;
}

function isPrograms(value: unknown): value is AllowedProgram[] {
  return Array.isArray(value) && value.every((entry) => isProgram(entry));
}

function isProgram(value: unknown): value is AllowedProgram {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'path' in value &&
    typeof value.path === 'string' &&
    'sha256' in value &&
    (value.sha256 === null || typeof value.sha256 === 'string')
  );
}
