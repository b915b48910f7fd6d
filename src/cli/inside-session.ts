import { realpathSync } from 'node:fs';
import path from 'node:path';
import { VaultShellError } from '../base/errors.ts';
import { native } from '../base/native.ts';
import type { Environment } from '../base/paths.ts';
import { scriptOf } from '../broker/agents.ts';
import { argvOf, environmentOf } from '../broker/process-tree.ts';
import { BUNDLE, ENTRY } from './entry.ts';

/** More than any real chain of parents. */
const MAX_PARENTS = 128;

/**
 * Whether this process was started in a session: as its environment says, where the hook keeps that; or by its
 * parents, for a program that the hook did not reach can change its environment but not those.
 */
export function isInsideSession(environment: Environment): boolean {
  return environment['VAULT_SHELL_SESSION'] !== undefined || hasSessionAmongParents();
}

/** Throws REFUSED inside a session: what a session's programs may do is not for them to say. */
export function refuseInsideSession(command: string, environment: Environment): void {
  if (!isInsideSession(environment)) return;
  throw new VaultShellError('REFUSED', `${command} does not work inside a session`);
}

export interface FoundSession {
  readonly id: string;
  /** Where its broker listens. */
  readonly socketPath: string;
}

/** Gives the session that this process is in, by its own environment or that of a parent. */
export function findSession(environment: Environment): FoundSession | undefined {
  const own = sessionIn(environment);
  if (own !== undefined) return own;
  for (const pid of parents()) {
    const session = sessionIn(environmentOf(pid));
    if (session !== undefined) return session;
  }
  return undefined;
}

function sessionIn(environment: Environment): FoundSession | undefined {
  const id = environment['VAULT_SHELL_SESSION'] ?? '';
  const socketPath = environment['VAULT_SHELL_SOCKET'] ?? '';
  return id === '' || socketPath === '' ? undefined : { id, socketPath };
}

/** Nearest first. */
function* parents(): Generator<number> {
  if (process.platform !== 'linux') return;
  let pid = process.ppid;
  for (let n = 0; n < MAX_PARENTS && pid > 1; n++) {
    yield pid;
    try {
      pid = native().parentOf(pid);
    } catch {
      return;
    }
  }
}

/** Only Linux tells; a session keeps what its processes leave behind below it. */
function hasSessionAmongParents(): boolean {
  return Array.from(parents()).some((pid) => isOurs(argvOf(pid)));
}

/** Whether this is `node [options] vault-shell ...`, by any path. */
function isOurs(argv: readonly string[]): boolean {
  const [interpreter = ''] = argv;
  const script = scriptOf(argv);
  if (path.basename(interpreter) !== path.basename(process.execPath) || script === undefined) {
    return false;
  }
  // Of another process' directory nothing is told: what has the name is taken for ours.
  if (!path.isAbsolute(script)) return /(^|\/)(vault-shell|cli\/main\.js)$/.test(script);
  try {
    // The bytes as they are: they are read as latin1.
    const file = realpathSync(Buffer.from(script, 'latin1'));
    return file === realpathSync(ENTRY) || file === realpathSync(BUNDLE);
  } catch {
    return false;
  }
}
