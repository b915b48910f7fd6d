import { VaultShellError } from '../base/errors.ts';

export const COMMANDS = [
  'init',
  'set',
  'list',
  'show',
  'rm',
  'reveal',
  'run',
  'redact',
  'audit',
  'import',
  'key',
  'doctor',
] as const;

export type Invocation =
  | { readonly kind: 'help' | 'version' }
  /** A management command: `argv` goes to yargs. */
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  | {
      readonly kind: 'session';
      readonly vault: string | undefined;
      readonly shell: string | undefined;
      /** PROGRAM ARGS... after `--`, instead of the shell. */
      readonly program: readonly string[] | undefined;
      /** What goes to the shell verbatim. */
      readonly shellArguments: readonly string[];
    };

/**
 * Tells what a command line asks for. Written by hand, without yargs: a session's line belongs to the
 * real shell from its first single-dash word on, and must reach it verbatim.
 */
export function readInvocation(argv: readonly string[]): Invocation {
  let vault: string | undefined;
  let shell: string | undefined;
  let at = 0;
  const valueOf = (option: string, word: string): string => {
    if (word.startsWith(`${option}=`)) return word.slice(option.length + 1);
    const value = argv[at];
    at += 1;
    if (value === undefined) throw new VaultShellError('USAGE', `${option} needs a value`);
    return value;
  };
  for (;;) {
    const word = argv[at];
    if (word === undefined) {
      return { kind: 'session', vault, shell, program: undefined, shellArguments: [] };
    }
    at += 1;
    if (word === '--help' || word === '-h') return { kind: 'help' };
    if (word === '--version') return { kind: 'version' };
    if (word === '--no-color') continue;
    if (word === '--vault' || word.startsWith('--vault=')) {
      vault = valueOf('--vault', word);
    } else if (word === '--shell' || word.startsWith('--shell=')) {
      shell = valueOf('--shell', word);
    } else if (word === '--') {
      const program = argv.slice(at);
      if (program.length === 0) throw new VaultShellError('USAGE', '-- needs a program');
      return { kind: 'session', vault, shell, program, shellArguments: [] };
    } else if (word.startsWith('--')) {
      throw new VaultShellError('USAGE', `unknown option ${word}`, { hint: 'vault-shell --help' });
    } else if (word.startsWith('-')) {
      return {
        kind: 'session',
        vault,
        shell,
        program: undefined,
        shellArguments: argv.slice(at - 1),
      };
    } else if ((COMMANDS as readonly string[]).includes(word)) {
      if (shell !== undefined) {
        throw new VaultShellError('USAGE', `--shell does not go with ${word}`);
      }
      const own = vault === undefined ? [] : ['--vault', vault];
      // After the command, where `run` stops reading options at the program's name.
      return { kind: 'command', argv: [word, ...own, ...argv.slice(at)] };
    } else {
      throw new VaultShellError('USAGE', `unknown command ${word}`, { hint: 'vault-shell --help' });
    }
  }
}
