import { setFlagsFromString } from 'node:v8';

/** The flag's name, and what it stands for, differ between versions; an unknown one would print an error. */
const COMPILE_LATER: Readonly<Record<string, string>> = {
  20: '--interrupt-budget=700000',
  22: '--invocation-count-for-turbofan=30000',
};

/**
 * Keeps the part of the heap for young objects as large as it is now. V8 lets a burst of work double it up to 32 MiB (128 in
 * later versions), and a process that then lives all day keeps what it needed once.
 */
export function boundYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * Lets V8 optimize a function only once it has run ten times as much as it asks for of its own. Its compiler is a
 * thread beside ours: in the first seconds of a session, when it takes most functions, echoes waited for it, and a
 * program that writes all it can shared its processor with it.
 */
export function compileLater(): void {
  const flag = COMPILE_LATER[process.versions.node.split('.', 1)[0] ?? ''];
  if (flag !== undefined) setFlagsFromString(flag);
}
