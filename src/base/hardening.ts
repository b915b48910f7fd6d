import { close, url } from 'node:inspector';
import { native } from './native.ts';

let refusing = false;

/**
 * Keeps Node from opening its debugger, through which everything in memory could be read, on SIGUSR1: with a
 * listener there it does not. One that was opened before is closed. For the life of the process.
 */
export function refuseDebugger(): void {
  if (!refusing) process.on('SIGUSR1', () => undefined);
  refusing = true;
  if (url() !== undefined) close();
}

/** For a process that is about to hold a key or a value: no debugger, no core file, no tracing by its user. */
export function hardenProcess(): void {
  refuseDebugger();
  native().disableCoreDumps();
}
