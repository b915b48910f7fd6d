import { BOTH_VALUE, given, shellLine, type Place, type Shop, type Way } from './way.ts';

const SHELLS: readonly (readonly string[])[] = [
  ['bash'],
  ['dash'],
  ['zsh'],
  ['ksh'],
  ['fish'],
  ['busybox', 'sh'],
];

/** Programs that only start another: `nohup TARGET ARGUMENT`. */
const PASSING: readonly (readonly string[])[] = [
  ['env'],
  ['timeout', '60'],
  ['nohup'],
  ['nice'],
  ['setsid', '-w'],
  ['stdbuf', '-o0'],
  ['xargs', '-n1'],
];

function launcher(
  name: string,
  needs: readonly string[],
  command: Way['command'],
  expected: Way['expected'] = BOTH_VALUE,
): Way {
  return { name, needs, expected, command };
}

/** A file of a shell that starts the target, for launchers which are not to see the placeholder. */
function fileOf(shop: Shop, place: Place): string {
  return shop.write('start', `#!/bin/sh\n${shellLine(shop.target, place)}\n`, 0o755);
}

const git = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];

export const launcherWays: readonly Way[] = [
  ...SHELLS.map(([shell = '', ...first]) =>
    launcher([shell, ...first].join(' '), [shell], ({ target }, place) => ({
      file: shell,
      args: [...first, '-c', shellLine(target, place)],
    })),
  ),
  ...PASSING.map(([program = '', ...first]) =>
    launcher([program, ...first].join(' '), [program], ({ target }, place) => {
      const { last, env } = given(place);
      return { file: program, args: [...first, target, last], env };
    }),
  ),
  launcher('make, a recipe', ['make'], (shop, place) => {
    const line = shellLine(shop.target, place).replaceAll('$', '$$$$');
    return { file: 'make', args: ['-s', '-f', shop.write('Makefile', `all:\n\t${line}\n`)] };
  }),
  launcher(
    'find -exec',
    ['find'],
    ({ target, directory }, place) => {
      const { last, env } = given(place);
      return { file: 'find', args: [directory, '-maxdepth', '0', '-exec', target, last, ';'], env };
    },
    { argv: 'value, through the launcher', env: 'value, through the launcher' },
  ),
  launcher('parallel', ['parallel'], (shop, place) => ({
    file: 'parallel',
    args: ['--will-cite', '-j1'],
    input: `${shellLine(shop.target, place)}\n`,
  })),
  launcher('git, an alias', ['git'], (shop, place) => {
    shop.write('.gitconfig', `[alias]\n\tstart = !${fileOf(shop, place)}\n`);
    return { file: 'git', args: ['start'] };
  }),
  launcher('git, a hook', ['git'], (shop, place) => {
    const hooks = `core.hooksPath=${shop.directory}`;
    shop.write('pre-commit', `#!/bin/sh\n${shellLine(shop.target, place)}\n`, 0o755);
    const args = [...git, '-c', hooks, 'commit', '-q', '--allow-empty', '-m', 'x'];
    return { file: 'git', args, before: [['git', 'init', '-q', shop.directory]] };
  }),
  launcher('git, a credential helper', ['git'], (shop, place) => {
    shop.write('.gitconfig', `[credential]\n\thelper = "!${fileOf(shop, place)}"\n`);
    const env = { GIT_TERMINAL_PROMPT: '0' };
    return { file: 'git', args: ['credential', 'fill'], env, input: 'url=https://example.org\n' };
  }),
  launcher('ssh, a ProxyCommand', ['ssh'], (shop, place) => {
    const line = `ProxyCommand ${fileOf(shop, place)}\n`;
    const file = shop.write('config', `Host there\n  ${line}`, 0o600);
    return { file: 'ssh', args: ['-F', file, 'there'] };
  }),
  launcher('tmux, started in the session', ['tmux'], (shop, place) => {
    const tmux = ['-S', `${shop.directory}/tmux`, '-f', '/dev/null'];
    return {
      file: 'tmux',
      args: [...tmux, 'new-session', '-d', `${fileOf(shop, place)}; cat`],
      after: ['tmux', ...tmux, 'kill-server'],
    };
  }),
];
