import { native } from '../base/native.ts';
import { exitCodeOfStatus } from '../broker/grants.ts';

export interface AdoptionOptions {
  /** Children of our own that others here reap. */
  readonly spared: () => readonly number[];
  /** An adopted process has ended: its exit code, 128+N for signal N. */
  readonly onEnd: (pid: number, exitCode: number) => void;
}

/** Until what was started elsewhere in this process has been reaped there. */
const AGAIN_MS = 20;

/**
 * Makes this process the parent of all descendants that lose theirs, so that daemons stay in the session's tree; reaps
 * them. Gives the function that ends this: those adopted already stay.
 */
export function adoptOrphans(options: AdoptionOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  function reap(): void {
    clearTimeout(timer);
    for (;;) {
      const ended = native().reapAdopted(Int32Array.from(options.spared()));
      if (ended === undefined) return;
      if (ended.pid === 0) {
        timer = setTimeout(reap, AGAIN_MS).unref();
        return;
      }
      const exitCode = exitCodeOfStatus(ended.status);
      if (exitCode !== undefined) options.onEnd(ended.pid, exitCode);
    }
  }
  // Later: Node's own listener is to reap Node's own children first.
  const onChild = (): void => void setImmediate(reap);
  native().setSubreaper(true);
  process.on('SIGCHLD', onChild);
  return () => {
    process.off('SIGCHLD', onChild);
    clearTimeout(timer);
    native().setSubreaper(false);
  };
}
