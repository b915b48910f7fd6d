/*
 * Not `AbortSignal.any`: in Node.js 20 its signals may be collected before they abort.
 */

/** Aborts a controller with a signal, and for its reason. */
export function follow(signal: AbortSignal | undefined, controller: AbortController): void {
  if (signal?.aborted === true) controller.abort(signal.reason);
  signal?.addEventListener('abort', () => controller.abort(signal.reason), {
    once: true,
    signal: controller.signal,
  });
}

/** Gives a signal that aborts with the first of these, of which one is to abort in the end. */
export function either(...signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) follow(signal, controller);
  return controller.signal;
}

/** Resolves when a signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
