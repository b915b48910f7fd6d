import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

/** OpenSSH's server; since 9.8 it has a program of its own for each connection. */
const SSH_SERVERS: readonly string[] = ['sshd', 'sshd-session'];

/**
 * Whether somebody waits at the other end of `fd` for what comes next: a person at a terminal; or, where we are the shell
 * that an ssh server has started without one, a program such as scp or git, which does not go on before it has read an
 * answer to its end.
 */
export function isLiveReader(fd: number): boolean {
  return isatty(fd) || SSH_SERVERS.includes(parentName());
}

function parentName(): string {
  try {
    return readFileSync(`/proc/${process.ppid}/comm`, 'latin1').trimEnd();
  } catch {
    return '';
  }
}
