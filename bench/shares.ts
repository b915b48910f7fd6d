import { deferred } from '../src/session/deferred.ts';
import { openPty } from '../src/session/pty.ts';
import { MAIN, makeVault, randomValue } from '../test/support/cli.ts';

const SESSIONS = 8;
/** In all, from the moment when each has written something. */
const TOTAL_BYTES = 400_000_000;
const ROUNDS = 3;
const LINE = 'y'.repeat(70);

const WAYS = {
  script: (command: string) => ['/usr/bin/script', '-qfc', command, '/dev/null'],
  session: (command: string) => [process.execPath, MAIN, '--', 'sh', '-c', command],
} as const;
type Way = keyof typeof WAYS;

/**
 * Measures which part of all output each of SESSIONS gets that write at once, as much as they can, against as many script(1).
 * An even share is 1; the readers are one process, which reads from each in turn.
 */
export async function benchShares(print: (line: string) => void): Promise<void> {
  const vault = await makeVault();
  try {
    await vault.set('t', randomValue());
    const rounds: Record<Way, Share[]> = { script: [], session: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const way of ['script', 'session'] as const) {
        rounds[way].push(await shareOut(way, { ...vault.environment, PATH: '/usr/bin:/bin' }));
      }
    }
    for (const way of ['script', 'session'] as const) {
      const shares = rounds[way].map(
        ({ least, most }) => `${least.toFixed(2)} to ${most.toFixed(2)}`,
      );
      const rate = Math.max(...rounds[way].map(({ megabytesPerSecond }) => megabytesPerSecond));
      print(`shares of ${SESSIONS} ${way}s: ${shares.join(', ')}; ${rate.toFixed(0)} MB/s in all`);
    }
  } finally {
    vault.remove();
  }
}

type Share = { readonly least: number; readonly most: number; readonly megabytesPerSecond: number };

async function shareOut(way: Way, environment: Record<string, string>): Promise<Share> {
  const counts = Array.from({ length: SESSIONS }, () => 0);
  const begun = new Set<number>();
  const all = deferred<void>();
  let total = 0;
  let start = 0;
  const [file = '', ...args] = WAYS[way](`stty -opost; exec yes ${LINE}`);
  const ptys = counts.map((_, n) =>
    openPty({
      launch: { file, args },
      environment,
      cwd: '/',
      size: { columns: 80, rows: 24 },
      onOutput(chunk) {
        if (begun.size < SESSIONS) {
          begun.add(n);
          start = performance.now();
          return undefined;
        }
        counts[n] = (counts[n] ?? 0) + chunk.length;
        total += chunk.length;
        if (total >= TOTAL_BYTES) all.resolve();
        return undefined;
      },
    }),
  );
  await all.promise;
  const seconds = (performance.now() - start) / 1000;
  const shares = counts.map((count) => (count * SESSIONS) / total);
  for (const pty of ptys) pty.kill('SIGKILL');
  await Promise.all(ptys.map(({ done }) => done));
  return {
    least: Math.min(...shares),
    most: Math.max(...shares),
    megabytesPerSecond: TOTAL_BYTES / 1e6 / seconds,
  };
}
