import { native } from './native.ts';

let refusing = false;

/**
 * Keeps Node from opening its debugger, through which everything in memory could be read, on SIGUSR1: with a
 * listener there it does not. For the life of the process. One that was opened before stays until `closeDebugger`.
 */
export function refuseDebugger(): void {
  if (!refusing) process.on('SIGUSR1', () => undefined);
  refusing = true;
}

/** Closes the debugger, if it was opened before `refuseDebugger`. */
export function closeDebugger(): void {
  // Not imported: it takes longer to load than most of what a session begins with.
  const { close, url } = process.getBuiltinModule('node:inspector');
  if (url() !== undefined) close();
}

/** For a process that is about to hold a key or a value: no debugger, no core file, no tracing by its user. */
export function hardenProcess(): void {
  refuseDebugger();
  closeDebugger();
  native().disableCoreDumps();
}
