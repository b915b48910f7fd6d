import { constants } from 'node:os';

/** How a program ended: `signal` is the number of the signal that ended it, 0 for none. */
export type Exit = { readonly code: number; readonly signal: number };

/** Gives the exit code a shell would report: the program's own, or 128 + N for signal N. */
export function exitStatus(exit: Exit): number {
  return exit.signal === 0 ? exit.code : 128 + exit.signal;
}

/** Gives the number of a signal. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}
