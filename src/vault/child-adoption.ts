import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { systemCode } from '../base/errors.ts';
import { native } from '../base/native.ts';
import type { VaultProcess } from './child-process.ts';

/**
 * Takes over the process that the front end (shell/front/store.c) has started for us, as `DESCRIPTOR:PID`. Undefined when
 * this does not name a socket and a child of ours.
 */
export function adoptProcess(given: string): VaultProcess | undefined {
  const [, descriptor, number] = /^(\d{1,9}):(\d{1,9})$/.exec(given) ?? [];
  if (descriptor === undefined || number === undefined) return undefined;
  const [fd, pid] = [Number(descriptor), Number(number)];
  try {
    if (native().parentOf(pid) !== process.pid || !fstatSync(fd).isSocket()) return undefined;
    // Whoever has it can ask for every value. (Node does so at its start, for those that it finds.)
    native().setCloseOnExec(fd);
  } catch {
    return undefined;
  }
  const socket = new Socket({ fd });
  // As long as the socket is open the process has not ended, and the number is its own.
  const kill = (): void => {
    if (!socket.destroyed) killNumber(pid);
  };
  return { pid, isNodes: false, socket, kill };
}

function killNumber(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}
