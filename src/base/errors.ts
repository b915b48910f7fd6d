/**
 * The one error class of the program and the exit codes that go with it.
 *
 * Only `cli/main` prints errors and exits. A message is lower case, without a full stop, and never
 * holds a value.
 */

export type ErrorCode =
  | 'USAGE'
  | 'NO_VAULT'
  | 'VAULT_EXISTS'
  | 'VAULT_LOCKED'
  | 'WRONG_KEY'
  | 'VAULT_DAMAGED'
  | 'VAULT_BUSY'
  | 'VAULT_UNSAFE'
  | 'VAULT_IO'
  | 'NO_SECRET'
  | 'BAD_NAME'
  | 'BAD_VALUE'
  | 'KEYCHAIN'
  | 'REFUSED'
  | 'DENIED'
  | 'NOT_EXECUTABLE'
  | 'NOT_FOUND'
  | 'HOOK_MISSING'
  | 'HOOK_SILENT'
  | 'BROKER'
  | 'TERMINAL'
  | 'INTERNAL';

export class VaultShellError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VaultShellError';
    this.code = code;
    this.hint = options.hint;
  }
}

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** vault-shell itself failed before the command could start. */
export const EXIT_NOT_STARTED = 125;
/** Denied, or the command cannot be executed. */
export const EXIT_DENIED = 126;
export const EXIT_NOT_FOUND = 127;

/**
 * Gives the exit code of an error.
 * `starting`: the program was about to start a command (a session, `run`), where anything that went
 * wrong before the command is 125, so that it cannot be taken for the command's own failure.
 */
export function exitCodeOf(error: unknown, starting: boolean): number {
  const code = error instanceof VaultShellError ? error.code : 'INTERNAL';
  if (code === 'USAGE') return EXIT_USAGE;
  if (code === 'DENIED' || code === 'NOT_EXECUTABLE') return EXIT_DENIED;
  if (code === 'NOT_FOUND') return EXIT_NOT_FOUND;
  return starting ? EXIT_NOT_STARTED : EXIT_FAILED;
}

/** Gives the `code` of a Node system error (`ENOENT`...), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return undefined;
}
