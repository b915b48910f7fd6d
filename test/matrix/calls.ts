import {
  BOTH_TEXT,
  BOTH_VALUE,
  given,
  shellLine,
  type Command,
  type Place,
  type Shop,
  type Way,
} from './way.ts';

/** A launcher by name, so that it is handed the placeholder; the target is started in the way it is told. */
function probing(probe: string, way: string, { target }: Shop, place: Place): Command {
  const { last, env } = given(place);
  const isShell = way === 'system' || way === 'popen';
  // The command of a shell is one string; the variable comes from the environment all the same.
  const command = place === 'argv' ? shellLine(target, place) : `'${target}' x`;
  return { file: probe, args: isShell ? [way, command] : [way, target, last], env };
}

const CALLS = [
  'execve',
  'execv',
  'execvp',
  'execvpe',
  'execl',
  'execlp',
  'execle',
  'fexecve',
  'execveat',
  'posix_spawn',
  'posix_spawnp',
  'system',
  'popen',
  'vfork',
];

export const callWays: readonly Way[] = [
  ...CALLS.map((name): Way => ({
    name,
    expected: BOTH_VALUE,
    command: (shop, place) => probing(shop.probe, name, shop, place),
  })),
  {
    name: "a child that shares its parent's memory (`clone(CLONE_VM)`)",
    expected: { argv: 'refused', env: 'refused' },
    command: (shop, place) => probing(shop.probe, 'shared-memory', shop, place),
  },
  {
    name: 'a `#!` script of a shell',
    expected: BOTH_VALUE,
    command(shop, place) {
      const { last, env } = given(place);
      const file = shop.write('script', `#!/bin/sh\nexec '${shop.target}' "$1"\n`, 0o755);
      return { file: '/bin/sh', args: ['-c', '"$0" "$1"', file, last], env };
    },
  },
  {
    name: 'a `#!` script of the target',
    expected: BOTH_VALUE,
    command(shop, place) {
      const { last, env } = given(place);
      const file = shop.write('script', `#!${shop.target}\n`, 0o755);
      return { file: '/bin/sh', args: ['-c', '"$0" "$1"', file, last], env };
    },
  },
  {
    name: 'a program found by PATH',
    expected: BOTH_VALUE,
    command({ directory }, place) {
      const { last, env } = given(place);
      const args = ['-c', 'PATH="$1:$PATH"; target "$2"', 'sh', directory, last];
      return { file: '/bin/sh', args, env };
    },
  },
];

/** What the hook does not reach. */
export const outsideWays: readonly Way[] = [
  {
    name: 'a program that makes the system call itself (`syscall(SYS_execve)`)',
    expected: BOTH_TEXT,
    command: (shop, place) => probing(shop.probe, 'syscall', shop, place),
  },
  {
    name: 'a statically linked launcher',
    expected: BOTH_TEXT,
    command: (shop, place) => probing(shop.staticProbe, 'execve', shop, place),
  },
  {
    name: 'a set-uid launcher of another user (`su` and `sudo` are such)',
    expected: BOTH_TEXT,
    command: (shop, place) =>
      shop.setUidProbe === undefined ? undefined : probing(shop.setUidProbe, 'execve', shop, place),
  },
  {
    name: 'a Go program (`os/exec`)',
    expected: BOTH_TEXT,
    command({ go, target }, place) {
      return go === undefined ? undefined : { file: go, args: [target, place] };
    },
  },
];
