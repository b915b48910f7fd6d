import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the part of the heap for young objects as large as it is now. V8 lets a burst of work double it up to 32 MiB (128 in
 * later versions), and a process that then lives all day keeps what it needed once.
 */
export function boundYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
