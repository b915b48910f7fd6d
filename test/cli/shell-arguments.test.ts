import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInvocation, type Invocation } from '../../src/cli/shell-arguments.ts';

const session = {
  kind: 'session',
  vault: undefined,
  shell: undefined,
  program: undefined,
  shellArguments: [],
} as const;

const READS: readonly [readonly string[], Invocation][] = [
  [[], session],
  [
    ['-c', 'echo --vault x', 'name', '-s'],
    { ...session, shellArguments: ['-c', 'echo --vault x', 'name', '-s'] },
  ],
  [['-lc', 'x'], { ...session, shellArguments: ['-lc', 'x'] }],
  [['-l', '-c', 'x', 'n', 'a'], { ...session, shellArguments: ['-l', '-c', 'x', 'n', 'a'] }],
  [['-c', '-l', 'x'], { ...session, shellArguments: ['-c', '-l', 'x'] }],
  [['-i'], { ...session, shellArguments: ['-i'] }],
  [
    ['--vault', 'd', '--shell=/bin/zsh', '-s'],
    { ...session, vault: 'd', shell: '/bin/zsh', shellArguments: ['-s'] },
  ],
  [['--no-color', '--', 'vim', '-c', ':q'], { ...session, program: ['vim', '-c', ':q'] }],
  [['list', '--json'], { kind: 'command', argv: ['list', '--json'] }],
  [['--vault=d', 'list'], { kind: 'command', argv: ['list', '--vault', 'd'] }],
  [['--help'], { kind: 'command', argv: ['--help'] }],
  [['--version'], { kind: 'command', argv: ['--version'] }],
  [
    ['run', '-s', 'a', '-sb=B', '--secret=c=C', '--', 'cmd', '-s', 'x'],
    {
      kind: 'run',
      vault: undefined,
      argv: ['cmd', '-s', 'x'],
      secrets: new Map([
        ['a', 'a'],
        ['B', 'b'],
        ['C', 'c'],
      ]),
    },
  ],
  [
    ['run', 'cmd', '--', 'x'],
    { kind: 'run', vault: undefined, argv: ['cmd', '--', 'x'], secrets: new Map() },
  ],
];

for (const [argv, expected] of READS) {
  test(`reads: ${argv.join(' ')}`, () => {
    assert.deepEqual(readInvocation(argv), expected);
  });
}

const REFUSES: readonly (readonly string[])[] = [
  ['frobnicate'],
  ['--frobnicate'],
  ['--vault'],
  ['--'],
  ['--shell', '/bin/sh', 'list'],
  ['run'],
  ['run', '-s', 'a'],
  ['run', '-s', '1bad', 'x'],
  ['run', '-s', 'a.b', 'x'],
  ['run', '--frobnicate', 'x'],
];

for (const argv of REFUSES) {
  test(`refuses: ${argv.join(' ')}`, () => {
    assert.throws(() => readInvocation(argv), { code: 'USAGE' });
  });
}
