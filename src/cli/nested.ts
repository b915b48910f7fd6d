import { existsSync } from 'node:fs';
import { VaultShellError } from '../base/errors.ts';
import { native } from '../base/native.ts';
import type { Environment } from '../base/paths.ts';
import { frontEnd } from '../session/front-end.ts';
import type { Invocation } from './shell-arguments.ts';

/**
 * In a session, what would start a session nests in it, and that is the front end's (docs/nested-sessions.md): this
 * process becomes it. Returns where there is nothing to nest in, or another vault is named.
 */
export function nestIfInside(
  invocation: Invocation,
  calledAs: string,
  words: readonly string[],
  environment: Environment,
): void {
  if (invocation.kind !== 'session' && invocation.kind !== 'run') return;
  if (invocation.vault !== undefined) return;
  const isInside = ['VAULT_SHELL_SOCKET', 'VAULT_SHELL_SESSION'].some(
    (name) => (environment[name] ?? '') !== '',
  );
  if (!isInside) return;
  const file = frontEnd('vault-shell');
  if (!existsSync(file)) {
    throw new VaultShellError('HOOK_MISSING', `the front end is missing: ${file}`, {
      hint: 'build it with npm run build',
    });
  }
  native().become(file, [calledAs, ...words]);
}
