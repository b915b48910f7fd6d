import { BOTH_VALUE, type Place, type Way } from './way.ts';

/*
 * In each the placeholder is put together by the program itself, so that its own arguments have none.
 */

/** Expressions of a language: `p` is the placeholder, `target` the program, `last` the target's argument. */
interface Language {
  readonly program: string;
  readonly flags: readonly string[];
  /** Code that makes those three, and for a placeholder in the environment sets T to it. */
  readonly begin: (target: string, place: Place) => string;
  readonly ways: Readonly<Record<string, string>>;
}

const languages: readonly Language[] = [
  {
    program: 'perl',
    flags: ['-e'],
    begin: (target, place) =>
      `my $p = '$VAULT' . '<gh>'; my $t = '${target}'; my $l = ${place === 'argv' ? '$p' : "'x'"};` +
      (place === 'env' ? `$ENV{T} = $p;` : ''),
    ways: {
      system: 'system($t, $l);',
      'system, by a shell': `system("'$t' '$l'");`,
      backticks: "`'$t' '$l'`;",
      'fork and exec': 'if (fork()) { wait; } else { exec($t, $l); }',
    },
  },
  {
    program: 'python3',
    flags: ['-c'],
    begin: (target, place) =>
      `import os, subprocess, multiprocessing\np = '$VAULT' + '<gh>'; t = '${target}'; l = ${place === 'argv' ? 'p' : "'x'"}\n` +
      (place === 'env' ? `os.environ['T'] = p\n` : ''),
    ways: {
      subprocess: 'subprocess.run([t, l])',
      'subprocess, by a shell': `subprocess.run("'" + t + "' '" + l + "'", shell=True)`,
      'os.system': `os.system("'" + t + "' '" + l + "'")`,
      'os.posix_spawn': 'os.waitpid(os.posix_spawn(t, [t, l], os.environ), 0)',
      'os.fork and os.execv': 'os.fork() and os.wait() or os.execv(t, [t, l])',
      multiprocessing:
        'q = multiprocessing.get_context("fork").Process(target=os.execv, args=(t, [t, l])); q.start(); q.join()',
    },
  },
  {
    program: 'node',
    flags: ['-e'],
    begin: (target, place) =>
      `const c = require('child_process'); const p = '$VAULT' + '<gh>'; const t = '${target}'; const l = ${place === 'argv' ? 'p' : "'x'"};` +
      (place === 'env' ? `process.env.T = p;` : ''),
    ways: {
      spawn: 'c.spawn(t, [l]);',
      execFileSync: 'c.execFileSync(t, [l]);',
      'exec, by a shell': `c.exec("'" + t + "' '" + l + "'");`,
      'fork, with execPath': 'c.fork("module", [l], { execPath: t });',
    },
  },
  {
    program: 'ruby',
    flags: ['-e'],
    begin: (target, place) =>
      `p = '$VAULT' + '<gh>'; t = '${target}'; l = ${place === 'argv' ? 'p' : "'x'"};` +
      (place === 'env' ? `ENV['T'] = p;` : ''),
    ways: {
      system: 'system(t, l)',
      spawn: 'Process.wait(spawn(t, l))',
      'backticks, by a shell': "`'#{t}' '#{l}'`",
    },
  },
];

export const languageWays: readonly Way[] = [
  ...languages.flatMap(({ program, flags, begin, ways }) =>
    Object.entries(ways).map(([name, code]): Way => ({
      name: `${program}, ${name}`,
      needs: [program],
      expected: BOTH_VALUE,
      command: ({ target }, place) => ({
        file: program,
        args: [...flags, begin(target, place) + code],
      }),
    })),
  ),
  {
    name: 'a Rust program (`std::process`)',
    expected: BOTH_VALUE,
    command({ rust, target }, place) {
      return rust === undefined ? undefined : { file: rust, args: [target, place] };
    },
  },
];
