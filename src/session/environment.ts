import path from 'node:path';
import type { Environment } from '../base/paths.ts';

export type ChildEnvironmentOptions = {
  /** What vault-shell itself was given. */
  readonly base: Environment;
  /** The preload library, by a path that `preloadPath` made safe. */
  readonly hook: string;
  /** The broker's socket. */
  readonly socket: string;
  readonly session: string;
  /** What agents and programs are to take for the user's shell; SHELL stays as it is without. */
  readonly shell?: string | undefined;
  /** A directory with `vault-shell` in it, when it is not found in PATH. */
  readonly binDirectory?: string | undefined;
  readonly platform?: NodeJS.Platform;
};

/**
 * The variables of our own that children keep. Every other VAULT_SHELL_* is taken away, known or not: some
 * of them unlock a vault (VAULT_SHELL_HEXKEY, VAULT_SHELL_PASSPHRASE), and a new one must not leak because a
 * list was not kept.
 */
const KEPT: ReadonlySet<string> = new Set([
  'VAULT_SHELL_DIR',
  'VAULT_SHELL_DEBUG',
  'VAULT_SHELL_LITERAL',
]);
const OWN_PREFIX = 'VAULT_SHELL_';

/** Used by execvp and by shells when PATH is not set. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Gives the environment of a session's programs (contract, section 5): what `base` has, without what opens a vault. */
export function childEnvironment(options: ChildEnvironmentOptions): Record<string, string> {
  const { base, binDirectory, platform = process.platform } = options;
  const result = plainEnvironment(base);
  const preload = platform === 'darwin' ? 'DYLD_INSERT_LIBRARIES' : 'LD_PRELOAD';
  result[preload] = joinPreload(options.hook, result[preload], platform);
  // So that "$VAULT<name>" and "$VAULT_FILE<name>" in double quotes expand to themselves.
  result['VAULT'] = '$VAULT';
  result['VAULT_FILE'] = '$VAULT_FILE';
  result['VAULT_SHELL_SOCKET'] = options.socket;
  result['VAULT_SHELL_SESSION'] = options.session;
  if (options.shell !== undefined) result['SHELL'] = options.shell;
  if (binDirectory !== undefined) {
    result['PATH'] = `${result['PATH'] ?? DEFAULT_PATH}:${binDirectory}`;
  }
  return result;
}

/** Gives `base` without what opens a vault or belongs to an outer session. */
export function plainEnvironment(base: Environment): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined) continue;
    if (name.startsWith(OWN_PREFIX) && !KEPT.has(name)) continue;
    result[name] = value;
  }
  return result;
}

/** Ours first, then the user's, each once; the hook of an outer session, maybe from elsewhere, goes. */
function joinPreload(hook: string, given: string | undefined, platform: NodeJS.Platform): string {
  // ld.so takes blanks and colons for separators, dyld only colons.
  const separator = platform === 'darwin' ? /:+/ : /[ \t:]+/;
  const kept = (given ?? '')
    .split(separator)
    .filter((entry) => entry !== '' && path.basename(entry) !== path.basename(hook));
  return [hook, ...kept].join(':');
}
