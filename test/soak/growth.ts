import type { Usage } from './soak.ts';

/** More than what the garbage collector leaves lying about from one moment to the next. */
const NOISE_MB = 24;

/** Says what grew in the second half of the output beyond what it was in the first; undefined when nothing did. */
export function growthOf({ name, megabytes, descriptors }: Usage): string | undefined {
  const half = Math.floor(megabytes.length / 2);
  const [before, after] = [
    Math.max(...megabytes.slice(0, half)),
    Math.max(...megabytes.slice(half)),
  ];
  if (after > before + NOISE_MB) return `${name}: from ${before} MB to ${after} MB`;
  const counts = new Set(descriptors);
  return counts.size > 1 ? `${name}: ${[...counts].join(', ')} descriptors` : undefined;
}
