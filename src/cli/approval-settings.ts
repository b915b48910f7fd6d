import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { VERDICTS, type Verdict } from '../broker/approval.ts';
import type { SessionOptions } from '../session/session.ts';

/** Neither reaches a session's programs (session/environment.ts). */
const VERDICT_VARIABLE = 'VAULT_SHELL_APPROVE';
const TIMEOUT_VARIABLE = 'VAULT_SHELL_APPROVE_TIMEOUT';

/** The hook gives up after 120 s (VS_ANSWER_TIMEOUT_MS), which the grant itself must fit in as well. */
const MAX_TIMEOUT_S = 110;

/** Reads what the environment that starts a session, `isInside` another or not, says about approvals. Throws USAGE. */
export function readApprovalSettings(
  environment: Environment,
  isInside: boolean,
): NonNullable<SessionOptions['approval']> {
  // Who is in a session must not say yes to itself.
  const verdict = isInside ? undefined : verdictIn(environment);
  return { verdict, approvalTimeoutMs: timeoutIn(environment) };
}

function verdictIn(environment: Environment): Verdict | undefined {
  const text = environment[VERDICT_VARIABLE] ?? '';
  if (text === '') return undefined;
  const verdict = VERDICTS.find((known) => known === text);
  if (verdict !== undefined) return verdict;
  throw new VaultShellError('USAGE', `${VERDICT_VARIABLE} is one of ${VERDICTS.join(', ')}`);
}

function timeoutIn(environment: Environment): number | undefined {
  const text = environment[TIMEOUT_VARIABLE] ?? '';
  if (text === '') return undefined;
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw new VaultShellError('USAGE', `${TIMEOUT_VARIABLE} is a number of seconds`);
  }
  return Math.min(Number(text), MAX_TIMEOUT_S) * 1000;
}
