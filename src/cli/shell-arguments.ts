import { isName } from '../base/placeholder.ts';
import { VaultShellError } from '../base/errors.ts';
import { RC_SHELLS, type RcShell } from './rc-shell.ts';

const COMMANDS = [
  'init',
  'set',
  'list',
  'show',
  'rm',
  'reveal',
  'policy',
  'approve',
  'value',
  'redact',
  'audit',
  'import',
  'key',
  'doctor',
  'rc',
  'status',
] as const;

export interface SessionInvocation {
  readonly kind: 'session';
  readonly vault: string | undefined;
  readonly shell: string | undefined;
  /** PROGRAM ARGS... after `--`, instead of the shell. */
  readonly program: readonly string[] | undefined;
  /** What goes to the shell verbatim. */
  readonly shellArguments: readonly string[];
  /** The name that vault-shell was called by: `vault-bash`, or `-bash` for a login shell. */
  readonly calledAs?: string | undefined;
}

export interface RunInvocation {
  readonly kind: 'run';
  readonly vault: string | undefined;
  readonly argv: readonly string[];
  /** Environment variable -> secret name. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** `value NAME` and no more: the one command that programs wait for. */
export interface ValueInvocation {
  readonly kind: 'value';
  readonly name: string;
}

/** `status` and no more: it is asked by prompts. */
export interface StatusInvocation {
  readonly kind: 'status';
  readonly json: boolean;
}

/** `rc SHELL`, which a shell waits for when it starts, or a question of what that prints. */
export interface RcInvocation {
  readonly kind: 'rc';
  readonly shell: RcShell | undefined;
  readonly question: readonly string[];
}

export type Invocation =
  | SessionInvocation
  | RunInvocation
  | ValueInvocation
  | RcInvocation
  | StatusInvocation
  /** Everything else, `--help` and `--version` too: `argv` goes to yargs. */
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/**
 * Tells what a command line asks for. Written by hand, without yargs: a session's line belongs to the
 * real shell from its first single-dash word on, and `run`'s to the command, and both must arrive
 * verbatim.
 */
export function readInvocation(argv: readonly string[]): Invocation {
  const words = new Words(argv);
  let vault: string | undefined;
  let shell: string | undefined;
  for (;;) {
    const word = words.next();
    if (word === undefined) {
      return { kind: 'session', vault, shell, program: undefined, shellArguments: [] };
    }
    if (word === '--help' || word === '--version') return { kind: 'command', argv: [word] };
    if (word === '--no-color') continue;
    if (isOption(word, '--vault')) {
      vault = words.valueOf(word);
    } else if (isOption(word, '--shell')) {
      shell = words.valueOf(word);
    } else if (word === '--') {
      const program = words.rest();
      if (program.length === 0) throw new VaultShellError('USAGE', '-- needs a program');
      return { kind: 'session', vault, shell, program, shellArguments: [] };
    } else if (word.startsWith('--')) {
      throw new VaultShellError('USAGE', `unknown option ${word}`, { hint: 'vault-shell --help' });
    } else if (word.startsWith('-')) {
      const shellArguments = [word, ...words.rest()];
      return { kind: 'session', vault, shell, program: undefined, shellArguments };
    } else if (shell !== undefined) {
      throw new VaultShellError('USAGE', `--shell does not go with ${word}`);
    } else if (word === 'run') {
      return readRun(words, vault);
    } else if ((COMMANDS as readonly string[]).includes(word)) {
      const own = vault === undefined ? [] : ['--vault', vault];
      const rest = words.rest();
      const [name = '-', ...more] = rest;
      if (word === 'value' && more.length === 0 && !name.startsWith('-')) {
        return { kind: 'value', name };
      }
      if (word === 'status' && (rest.length === 0 || (name === '--json' && more.length === 0))) {
        return { kind: 'status', json: rest.length > 0 };
      }
      if (word === 'rc') {
        const known = more.length === 0 ? RC_SHELLS.find((one) => one === name) : undefined;
        const isQuestion = name === 'names' || name === 'complete';
        if (known !== undefined || isQuestion) return { kind: 'rc', shell: known, question: rest };
      }
      return { kind: 'command', argv: [word, ...own, ...rest] };
    } else {
      throw new VaultShellError('USAGE', `unknown command ${word}`, { hint: 'vault-shell --help' });
    }
  }
}

function readRun(words: Words, globalVault: string | undefined): Invocation {
  let vault = globalVault;
  const secrets = new Map<string, string>();
  for (;;) {
    const word = words.next();
    if (word === '--help' || word === '--version') return { kind: 'command', argv: ['run', word] };
    if (word === '--no-color') continue;
    if (word === '-s' || (word !== undefined && isOption(word, '--secret'))) {
      addSecret(secrets, words.valueOf(word));
    } else if (word?.startsWith('-s') === true && !word.startsWith('--')) {
      addSecret(secrets, word.slice(2));
    } else if (word !== undefined && isOption(word, '--vault')) {
      vault = words.valueOf(word);
    } else if (word !== undefined && word !== '--' && word.startsWith('-')) {
      throw new VaultShellError('USAGE', `unknown option ${word}`, {
        hint: 'vault-shell run --help',
      });
    } else {
      const argv = word === undefined || word === '--' ? words.rest() : [word, ...words.rest()];
      if (argv.length === 0) {
        throw new VaultShellError('USAGE', 'run needs a command', {
          hint: 'vault-shell run -s NAME -- CMD ARGS...',
        });
      }
      return { kind: 'run', vault, argv, secrets };
    }
  }
}

function addSecret(secrets: Map<string, string>, text: string): void {
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  const variable = equals === -1 ? name : text.slice(equals + 1);
  if (!isName(name)) throw new VaultShellError('USAGE', `${name} is not a name of a secret`);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
    throw new VaultShellError('USAGE', `${variable} cannot be an environment variable`, {
      hint: `-s ${name}=VARIABLE`,
    });
  }
  secrets.set(variable, name);
}

function isOption(word: string, option: string): boolean {
  return word === option || word.startsWith(`${option}=`);
}

class Words {
  readonly #argv: readonly string[];
  #at = 0;

  constructor(argv: readonly string[]) {
    this.#argv = argv;
  }

  next(): string | undefined {
    const word = this.#argv[this.#at];
    this.#at += 1;
    return word;
  }

  rest(): readonly string[] {
    return this.#argv.slice(this.#at);
  }

  /** The value of `--option=value` or of `--option value`. */
  valueOf(word: string): string {
    const equals = word.indexOf('=');
    if (word.startsWith('--') && equals !== -1) return word.slice(equals + 1);
    const value = this.next();
    if (value === undefined) throw new VaultShellError('USAGE', `${word} needs a value`);
    return value;
  }
}
