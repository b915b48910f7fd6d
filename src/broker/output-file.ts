import { fstatSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FILE_MODE } from '../base/paths.ts';

const NAME = 'outputs';

/**
 * Notes, next to the broker's socket, which pipes lead into the redactor of a session without a terminal:
 * a program in the session cannot tell them from a pipe to another program otherwise.
 */
export function noteOutputs(directory: string, fds: readonly number[]): void {
  writeFileSync(path.join(directory, NAME), `${fds.map(identityOf).join('\n')}\n`, {
    mode: FILE_MODE,
  });
}

/** Whether a descriptor of this process is such a pipe of the session whose broker listens at `socketPath`. */
export function isSessionOutput(socketPath: string, fd: number): boolean {
  let noted: string;
  try {
    noted = readFileSync(path.join(path.dirname(socketPath), NAME), 'utf8');
  } catch {
    // A session on a terminal has none.
    return false;
  }
  return noted.split('\n').includes(identityOf(fd));
}

function identityOf(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${String(dev)}:${String(ino)}`;
}
