import { existsSync } from 'node:fs';
import { VaultShellError } from '../base/errors.ts';
import { native } from '../base/native.ts';
import type { Environment } from '../base/paths.ts';
import { frontEnd } from '../session/front-end.ts';
import type { Invocation } from './shell-arguments.ts';

const INSIDE = ['VAULT_SHELL_SOCKET', 'VAULT_SHELL_SESSION'];
/** An editor asks for the environment of a login shell (shell/front/session.h). */
const ASKED_FOR_ENVIRONMENT = ['VSCODE_RESOLVING_ENVIRONMENT', 'INTELLIJ_ENVIRONMENT_READER'];

/**
 * In a session, what would start a session nests in it; and for an editor that reads the environment of a login shell
 * there is to be none. Both is the front end's (docs/nested-sessions.md): this process becomes it. Returns where there is
 * nothing to nest in, or another vault is named.
 */
export function leaveToFrontEnd(
  invocation: Invocation,
  calledAs: string,
  words: readonly string[],
  environment: Environment,
): void {
  if (invocation.kind !== 'session' && invocation.kind !== 'run') return;
  if (invocation.vault !== undefined) return;
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  const isAsked = invocation.kind === 'session' && ASKED_FOR_ENVIRONMENT.some(isSet);
  if (!isAsked && !INSIDE.some(isSet)) return;
  const file = frontEnd('vault-shell');
  if (!existsSync(file)) {
    throw new VaultShellError('HOOK_MISSING', `the front end is missing: ${file}`, {
      hint: 'build it with npm run build',
    });
  }
  native().become(file, [calledAs, ...words]);
}
