import { randomUUID } from 'node:crypto';
import { isName } from '../base/placeholder.ts';
import { quoteArgv } from '../base/quote.ts';
import { escapeControls } from '../base/text.ts';
import type { GrantRequest, ProcessName } from '../vault/types.ts';
import type { Question } from './approver.ts';
import type { ResolveOptions, ResolveRequest } from './resolve.ts';

/** Long enough for any command a person reads; a row must not hold megabytes. */
const MAX_COMMAND_LENGTH = 64 * 1024;

/** Gives the row of a request, as if all its names were granted. Nothing in it is a value. */
export function auditRow(options: ResolveOptions, request: ResolveRequest): GrantRequest {
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

/** Gives what a human is shown of it: what the row holds, harmless for a terminal. */
export function shownRequest(
  options: ResolveOptions,
  { asker, spawns }: ResolveRequest,
  { command, cwd, program, parents = [] }: GrantRequest,
): Question['request'] {
  return {
    command: escapeControls(command),
    cwd: escapeControls(cwd),
    file: program === undefined ? undefined : escapeControls(program),
    asker: asker && {
      ...asker,
      program: escapeControls(options.redactText(asker.program)),
      // Of what will be a child of the asker, the row has the asker for a parent.
      parents: parents
        .slice(spawns === true ? 1 : 0)
        .map((parent) => ({ pid: parent.pid, program: escapeControls(parent.program) })),
    },
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
