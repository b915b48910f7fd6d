/** Installs handlers for signals; gives the function that takes them away again. */
export function onSignals(handlers: Partial<Record<NodeJS.Signals, () => void>>): () => void {
  const entries = Object.entries(handlers);
  for (const [name, handler] of entries) process.on(name, handler);
  return () => {
    for (const [name, handler] of entries) process.off(name, handler);
  };
}

/**
 * Keeps Node from opening its debugger, through which everything in memory could be read, on SIGUSR1: with
 * a listener there it does not. For the life of the process.
 */
export function refuseDebugger(): void {
  process.on('SIGUSR1', () => undefined);
}
