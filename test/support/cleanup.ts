import { rmSync } from 'node:fs';
import type { TestContext } from 'node:test';

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/**
 * Has `clean` run when the test ends, the last one given first: a process ends before its directory is removed.
 * (`t.after` runs the first one first.) All of them run; the first error is the test's.
 */
export function whenDone(t: TestContext, clean: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(clean);
    return;
  }
  const stack = [clean];
  cleanups.set(t, stack);
  t.after(async () => {
    const errors: unknown[] = [];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      try {
        await next();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  });
}

const REMOVAL_MS = 5000;

/**
 * Removes a directory and all in it. Who was just ended, or is about to end, may still make a file there: a shell
 * whose session was killed writes its history. Then it is tried again, for five seconds.
 */
export function removeTree(directory: string): void {
  const start = performance.now();
  for (;;) {
    try {
      rmSync(directory, { recursive: true, force: true });
      return;
    } catch (error) {
      const again = error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY';
      if (!again || performance.now() - start > REMOVAL_MS) throw error;
    }
  }
}
