import { VaultShellError } from '../base/errors.ts';
import { scanPlaceholders } from '../base/placeholder.ts';
import { escapeControls } from '../base/text.ts';
import type { DenyReason } from './policy.ts';
import type { ResolveOptions, ResolveRequest } from './resolve.ts';

/** What is said of a denial: one line, safe for a terminal, without a value in it. */

export function reasonText(reason: DenyReason, request: ResolveRequest): string {
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
export function vaultTrouble(error: unknown): string {
  return error instanceof VaultShellError && error.code === 'VAULT_BUSY'
    ? 'the vault is busy'
    : 'the vault cannot be used';
}

export function denialLine(options: ResolveOptions, request: ResolveRequest, what: string): string {
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
