import { isName } from '../base/placeholder.ts';
import type { Secret } from '../base/secret.ts';
import { escapeControls } from '../base/text.ts';
import type { Exposure, GrantRequest, GrantStore, NamedValue } from '../vault/types.ts';
import type { Rules } from '../vault/rules.ts';
import { unknownText } from '../vault/unknown-names.ts';
import type { Approver, Asked, Outcome } from './approver.ts';
import { denialLine, reasonText, vaultTrouble } from './denial-text.ts';
import { auditRow, shownRequest } from './grant-row.ts';
import { decide } from './policy.ts';
import type { Asker } from './process-tree.ts';
import { planUse } from './use.ts';

export interface ResolveOptions {
  readonly store: GrantStore;
  /** Puts values where they are masked from; must have done so when it returns. */
  onRelease(values: readonly NamedValue[]): void;
  redactText(text: string): string;
  /** The session's id, for the log. */
  readonly session?: string;
  /** By name: the rules as they were last seen. Every grant makes sure of them. */
  readonly rules?: Map<string, Rules> | undefined;
  /** Without one, what needs an approval is denied. */
  readonly approver?: Approver | undefined;
  /** Counts what was decided. */
  readonly tally?: Tally | undefined;
}

export interface Tally {
  grants: number;
  denials: number;
}

/** One exec that wants values. */
export interface ResolveRequest {
  /** Path of what is to run; for messages. */
  readonly program: string;
  /** With its placeholders in it. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Without repeats, in the order of their first use. */
  readonly names: readonly string[];
  /** How the program would be shown the value of each name. */
  readonly exposures?: ReadonlyMap<string, readonly Exposure[]>;
  /** Names that stand in no argument: their placeholders may be left as text. */
  readonly optional?: ReadonlySet<string>;
  readonly malformed?: boolean;
  readonly sharesMemory?: boolean;
  /** Real path of what is to run, for the log. */
  readonly file?: string | undefined;
  /** Who asks; the server fills it in. */
  readonly asker?: Asker | undefined;
  /** What is to run will be a child of the asker, whose pid nobody knows yet. */
  readonly spawns?: boolean;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

export type Resolution =
  /**
   * `operation` names the audit row; `values` stand in the order of the names. Undefined: nobody is given this
   * one, its placeholders stay text.
   */
  | {
      readonly kind: 'released';
      readonly operation: string;
      readonly values: readonly (Secret | undefined)[];
    }
  /** Nobody is given a value: every placeholder stays text. The row is a denial. */
  | { readonly kind: 'text'; readonly operation: string }
  /** One line, safe for a terminal, without a value in it. */
  | { readonly kind: 'denied'; readonly message: string };

/**
 * Decides one request: the only place that releases values. The order is the product's promise: the
 * audit row is committed, then the values are known to the redactors, then they are given out. Never
 * rejects: whatever goes wrong is a denial.
 */
export async function resolve(
  options: ResolveOptions,
  request: ResolveRequest,
): Promise<Resolution> {
  const resolution = await release(options, request).catch((error: unknown): Resolution => {
    return { kind: 'denied', message: denialLine(options, request, vaultTrouble(error)) };
  });
  if (options.tally !== undefined) {
    options.tally[resolution.kind === 'released' ? 'grants' : 'denials'] += 1;
  }
  return resolution;
}

/** Writes the `denied` row of a request that is refused for who asked it; gives the line that says so. Never rejects. */
export async function refuse(
  options: ResolveOptions,
  request: ResolveRequest,
  why: string,
): Promise<string> {
  try {
    await options.store.deny({ ...auditRow(options, request), reason: why });
    return denialLine(options, request, why);
  } catch (error) {
    return denialLine(options, request, vaultTrouble(error));
  }
}

async function release(options: ResolveOptions, request: ResolveRequest): Promise<Resolution> {
  const row = auditRow(options, request);
  const decision = decide({
    malformed: request.malformed === true || request.names.some((name) => !isName(name)),
    sharesMemory: request.sharesMemory === true,
    names: request.names.length,
  });
  if (decision.kind === 'deny') {
    return denyUse(options, request, row, reasonText(decision.reason, request));
  }
  return releaseByRules(options, request, row);
}

/** Policies change while a decision is made, but not so often. */
const MAX_ROUNDS = 5;

/**
 * Decides with the rules as they were last seen (at first: that anyone may use the secret), and lets the
 * grant find out, in its transaction, whether they are so still. So most grants cost one transaction. What
 * is not simply allowed is decided with rules read anew.
 */
async function releaseByRules(
  options: ResolveOptions,
  request: ResolveRequest,
  row: GrantRequest,
): Promise<Resolution> {
  const known = options.rules ?? new Map<string, Rules>();
  const learn = (found: readonly Rules[]): void => {
    for (const rules of found) known.set(rules.info.name, rules);
  };
  let isFresh = false;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const plan = await planUse(request, known);
    const isSimple = plan.kind === 'use' && plan.ask.length === 0 && plan.texts.size === 0;
    if (!isSimple && !isFresh) {
      const found = await options.store.rules(request.names);
      for (const name of request.names) known.delete(name);
      learn(found);
      isFresh = true;
      const unknown = request.names.filter((name) => !known.has(name));
      if (unknown.length > 0) return denyUse(options, request, row, unknownText(unknown));
      continue;
    }
    if (plan.kind === 'deny') return denyUse(options, request, row, plan.reason);
    if (plan.names.length === 0) return leaveAsText(options, row, plan.texts);
    const outcome = await approve(options, request, row, plan.ask);
    if (outcome.kind === 'refused') {
      return denyUse(options, request, row, outcome.reason, outcome.unanswered);
    }
    const names = new Set(plan.names);
    const result = await options.store.grant({
      ...row,
      names: plan.names,
      exposures: only(row.exposures, names),
      expected: only(known, names),
      approval: outcome.how,
    });
    if (result.kind === 'unknown') {
      return { kind: 'denied', message: denialLine(options, request, unknownText(result.names)) };
    }
    if (result.kind === 'changed') {
      learn(result.rules);
      isFresh = true;
      continue;
    }
    const values = new Map<string, Secret>();
    for (const [index, value] of result.values.entries())
      values.set(plan.names[index] ?? '', value);
    options.onRelease(Array.from(values, ([name, value]) => ({ name, value })));
    return {
      kind: 'released',
      operation: row.operation,
      values: request.names.map((name) => values.get(name)),
    };
  }
  return denyUse(options, request, row, 'the policy keeps changing');
}

async function denyUse(
  options: ResolveOptions,
  request: ResolveRequest,
  row: GrantRequest,
  why: string,
  canBeApproved = false,
): Promise<Resolution> {
  await options.store.deny({ ...row, reason: escapeControls(options.redactText(why)) });
  const message = denialLine(options, request, why);
  return {
    kind: 'denied',
    message: canBeApproved ? `${message}; hint: vault-shell approve` : message,
  };
}

type Approved =
  | { readonly kind: 'approved'; readonly how: string | undefined }
  | Extract<Outcome, { kind: 'refused' }>;

async function approve(
  options: ResolveOptions,
  request: ResolveRequest,
  row: GrantRequest,
  asked: readonly Asked[],
): Promise<Approved> {
  if (asked.length === 0) return { kind: 'approved', how: undefined };
  const { approver } = options;
  if (approver === undefined) {
    const names = asked.map(({ rules }) => rules.info.name).join(', ');
    return { kind: 'refused', reason: `${names} needs a human's approval`, unanswered: false };
  }
  const shown = shownRequest(options, request, row);
  const { file, asker, spawns, signal } = request;
  const process = spawns === true ? undefined : asker?.pid;
  return approver.approve({ asked, file, process, request: shown }, signal);
}

/** The program runs, but without a value: in the log that is a denial. */
async function leaveAsText(
  options: ResolveOptions,
  row: GrantRequest,
  texts: ReadonlyMap<string, string>,
): Promise<Resolution> {
  const why = `left as text: ${[...texts.values()].join('; ')}`;
  await options.store.deny({ ...row, reason: escapeControls(options.redactText(why)) });
  return { kind: 'text', operation: row.operation };
}

function only<T>(map: ReadonlyMap<string, T>, names: ReadonlySet<string>): Map<string, T>;
function only<T>(
  map: ReadonlyMap<string, T> | undefined,
  names: ReadonlySet<string>,
): Map<string, T> | undefined;
function only<T>(
  map: ReadonlyMap<string, T> | undefined,
  names: ReadonlySet<string>,
): Map<string, T> | undefined {
  return map === undefined ? undefined : new Map([...map].filter(([name]) => names.has(name)));
}
