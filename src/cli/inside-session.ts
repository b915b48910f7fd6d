import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';

/** Whether this process was started in a session, as far as its environment says. The hook keeps that there. */
export function isInsideSession(environment: Environment): boolean {
  return environment['VAULT_SHELL_SESSION'] !== undefined;
}

/** Throws REFUSED inside a session: what a session's programs may do is not for them to say. */
export function refuseInsideSession(command: string, environment: Environment): void {
  if (!isInsideSession(environment)) return;
  throw new VaultShellError('REFUSED', `${command} does not work inside a session`);
}
