import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Random } from '../support/random.ts';
import { realisticSecrets } from './secrets.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FILES = 'sort | head -n 4000 | xargs cat --';

/**
 * Ordinary output of ordinary programs, made on this machine, the small ones first. What is not
 * installed gives nothing.
 */
const COMMANDS: Readonly<Record<string, string>> = {
  'python traceback': `python3 -c 'def fall(n):
    return fall(n - 1) if n else {}["key"]
import traceback
for depth in range(2000):
    try: fall(depth % 7)
    except KeyError: traceback.print_exc()' 2>&1`,
  'env, ps': 'env; ps auxww; df; cat /proc/meminfo /proc/cpuinfo /proc/mounts',
  'make, verbose': 'make -n -B -p -C shell',
  'npm, verbose': 'npm ls --all --long --loglevel silly --logs-max 0 2>&1',
  'tsc, verbose': 'node_modules/.bin/tsc -p . --listFilesOnly --traceResolution',
  'ls -lR': 'ls -lR /usr',
  'ls, coloured': 'ls -lR --color=always /etc /usr/lib',
  'git log -p': 'git log -p --no-color',
  'git log -p, coloured': 'git log -p --color=always --stat',
  'man, overstruck': `find /usr/share/man/man1 -name '*.1.gz' -size +8k | sort | head -n 8 |
    xargs -r -n 1 env MAN_KEEP_FORMATTING=1 GROFF_NO_SGR=1 MANWIDTH=80 man -l`,
  'man pages': `find /usr/share/man -name '*.gz' | sort | xargs -r gzip -dcf`,
  documentation: `find /usr/share/doc -type f | sort | head -n 4000 | xargs -r -d '\\n' gzip -dcf`,
  'JSON files': `find -L node_modules -name '*.json' | ${FILES}`,
  'source code': `find -L node_modules -name '*.js' | ${FILES}`,
  headers: `find /usr/include -name '*.h' | ${FILES}`,
  base64: 'find /usr/bin -type f -size +64k | sort | xargs -n 1 base64',
  'hex dumps': 'find /usr/bin -type f -size +64k | sort -r | xargs -n 1 od -A x -t x1z',
  'hex, plain': `find /usr/bin -type f -size +64k | sort -r | xargs cat | od -v -A n -t x1 | tr -d ' '`,
  'binary files': 'find /usr/bin -type f -size +64k | sort | xargs cat',
};

export interface Source {
  readonly name: string;
  readonly bytes: Buffer;
}

const OTHER_SECRETS = 'other secrets of the same kinds';

/** Log lines that show other secrets of the same kinds: all they share with ours is public. */
export function otherSecrets(random: Random): Source {
  const lines = realisticSecrets(100, random).map(
    ({ kind, value }, n) => `${n} INFO ${kind} accepted: ${value}\n`,
  );
  return { name: OTHER_SECRETS, bytes: Buffer.from(lines.join('')) };
}

/** Gives `total` bytes of them, or less when there is not more; one after the other, to save memory. */
export function* ordinaryOutput(total: number): Generator<Source> {
  let left = total;
  const commands = Object.entries(COMMANDS);
  for (const [n, [name, command]] of commands.entries()) {
    const share = Math.floor(left / (commands.length - n));
    const { stdout } = spawnSync('sh', ['-c', `{ ${command}; } 2>/dev/null | head -c ${share}`], {
      cwd: ROOT,
      maxBuffer: share + 1,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    left -= stdout.length;
    yield { name, bytes: stdout };
  }
}
