const SAFE = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** Quotes one word so that any POSIX shell reads it back as it is. */
export function quoteWord(word: string): string {
  return SAFE.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The shell-quoted form of an argv, as the audit log keeps it. */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map(quoteWord).join(' ');
}
