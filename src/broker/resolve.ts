import { randomUUID } from 'node:crypto';
import { VaultShellError } from '../base/errors.ts';
import { isName, scanPlaceholders } from '../base/placeholder.ts';
import { quoteArgv } from '../base/quote.ts';
import type { Secret } from '../base/secret.ts';
import { escapeControls } from '../base/text.ts';
import type { Exposure, GrantRequest, GrantStore, ProcessName } from '../vault/types.ts';
import { unknownText } from '../vault/unknown-names.ts';
import { decide, type DenyReason } from './policy.ts';
import type { Asker } from './process-tree.ts';

export interface ResolveOptions {
  readonly store: GrantStore;
  /** Puts values where they are masked from; must have done so when it returns. */
  onRelease(values: readonly Secret[]): void;
  redactText(text: string): string;
  /** The session's id, for the log. */
  readonly session?: string;
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
  try {
    return await release(options, request);
  } catch (error) {
    return { kind: 'denied', message: line(options, request, vaultTrouble(error)) };
  }
}

/** Writes the `denied` row of a request that is refused for who asked it; gives the line that says so. Never rejects. */
export async function refuse(
  options: ResolveOptions,
  request: ResolveRequest,
  why: string,
): Promise<string> {
  try {
    await options.store.deny({ ...auditRow(options, request), reason: why });
    return line(options, request, why);
  } catch (error) {
    return line(options, request, vaultTrouble(error));
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
    const why = reasonText(decision.reason, request);
    await options.store.deny({ ...row, reason: escapeControls(options.redactText(why)) });
    return { kind: 'denied', message: line(options, request, why) };
  }
  const result = await options.store.grant(row);
  if (result.kind !== 'granted') {
    return { kind: 'denied', message: line(options, request, unknownText(result.names)) };
  }
  options.onRelease(result.values);
  return { kind: 'released', operation: row.operation, values: result.values };
}

/** Long enough for any command a person reads; a row must not hold megabytes. */
const MAX_COMMAND_LENGTH = 64 * 1024;

function auditRow(options: ResolveOptions, request: ResolveRequest): GrantRequest {
  const command = options.redactText(quoteArgv(request.argv));
  return {
    operation: randomUUID(),
    names: request.names.filter((name) => isName(name)),
    // Cut after redaction: half a value would not be found.
    command:
      command.length > MAX_COMMAND_LENGTH ? `${command.slice(0, MAX_COMMAND_LENGTH)} ...` : command,
    cwd: options.redactText(request.cwd),
    ...askerColumns(options, request),
    session: options.session,
    exposures: request.exposures,
  };
}

function askerColumns(
  options: ResolveOptions,
  { asker, file, spawns }: ResolveRequest,
): Pick<GrantRequest, 'program' | 'pid' | 'parents' | 'agent'> {
  const chain: ProcessName[] = asker === undefined ? [] : [...asker.parents];
  if (asker !== undefined && spawns === true) chain.unshift(asker);
  const [program = '', ...parents] = redactEach(options, [
    file ?? '',
    ...chain.map((parent) => parent.program),
  ]);
  return {
    program: file === undefined ? undefined : program,
    pid: spawns === true ? undefined : asker?.pid,
    parents:
      asker === undefined
        ? undefined
        : chain.map(({ pid }, index) => ({ pid, program: parents[index] ?? '' })),
    agent: asker?.agent,
  };
}

/** Paths, which may be named after a value as everything else may: in one go, for a redactor costs time. */
function redactEach(options: ResolveOptions, texts: readonly string[]): string[] {
  const together = options.redactText(texts.join('\n')).split('\n');
  // A line end went in a mask, or was in a path.
  if (together.length !== texts.length) return texts.map((text) => options.redactText(text));
  return together;
}

function reasonText(reason: DenyReason, request: ResolveRequest): string {
  if (reason === 'malformed') return malformedText(request.argv);
  if (reason === 'shared-memory') {
    return "a process that runs in its parent's memory is given no value";
  }
  return 'no secret was asked for';
}

function malformedText(argv: readonly string[]): string {
  for (const argument of argv.slice(1)) {
    const scan = scanPlaceholders(argument);
    if (scan.kind === 'malformed') return `malformed placeholder ${JSON.stringify(scan.at)}`;
  }
  return 'malformed placeholder in the environment';
}

/** The text of a store's error may hold anything: only its code is used. */
function vaultTrouble(error: unknown): string {
  return error instanceof VaultShellError && error.code === 'VAULT_BUSY'
    ? 'the vault is busy'
    : 'the vault cannot be used';
}

function line(options: ResolveOptions, request: ResolveRequest, what: string): string {
  // `what` may quote the command; a value must not come back to the terminal in a complaint.
  try {
    const asked = [...(request.exposures?.values() ?? [])].flat();
    // `vault-shell value` runs already: it only gets nothing.
    const outcome = asked.includes('stdin')
      ? 'nothing was written'
      : `${request.program} was not run`;
    return escapeControls(options.redactText(`${what}; ${outcome}`));
  } catch {
    return 'the request cannot be shown; nothing was run';
  }
}
