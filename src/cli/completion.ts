/** What may stand for a word: nothing of ours (a text, a file), the name of a secret, or one of these. */
type Value = 'text' | 'name' | readonly string[];

interface Grammar {
  /** By option; `undefined`: it takes no value. */
  readonly options?: Readonly<Record<string, Value | undefined>>;
  readonly operand?: Value;
}

const EVERYWHERE = { '--vault': 'text', '--help': undefined, '--no-color': undefined } as const;
const JSON_OPTION = { '--json': undefined } as const;

/** Before a command. */
const SESSION: Grammar['options'] = {
  ...EVERYWHERE,
  '--shell': 'text',
  '--version': undefined,
  '-c': 'text',
  '-l': undefined,
  '-i': undefined,
  '-s': undefined,
};

/** As `--help` has them; a test compares. */
const COMMANDS: Readonly<Record<string, Grammar>> = {
  init: {
    options: {
      '--key': ['passphrase', 'keychain', 'hexkey'],
      '--cipher': ['aes256gcm', 'aegis256'],
      '--storage': ['multiprocess', 'exclusive'],
    },
  },
  set: {
    options: {
      '--provider': 'text',
      '--account': 'text',
      '--environment': 'text',
      '--access': 'text',
      '--tags': 'text',
      '--description': 'text',
      '--from-file': 'text',
      '--allow-weak': undefined,
    },
    operand: 'name',
  },
  list: { options: JSON_OPTION },
  show: { options: JSON_OPTION, operand: 'name' },
  rm: { operand: 'name' },
  reveal: { operand: 'name' },
  policy: {
    options: {
      '--program': 'text',
      '--cwd': 'text',
      '--expose': ['env', 'argv', 'file', 'stdin'],
      '--expires': 'text',
      '--uses': 'text',
      '--approval': ['never', 'once', 'session'],
      '--clear': undefined,
      ...JSON_OPTION,
    },
    operand: 'name',
  },
  approve: {
    options: {
      '--list': undefined,
      '--deny': undefined,
      '--once': undefined,
      '--session': undefined,
    },
    operand: 'text',
  },
  value: { operand: 'name' },
  run: { options: { '-s': 'name', '--secret': 'name' }, operand: 'text' },
  redact: { operand: 'text' },
  audit: {
    options: {
      '--limit': 'text',
      '--secret': 'name',
      '--outcome': ['ran', 'denied'],
      '--since': 'text',
      '--follow': undefined,
      '--accept': undefined,
      ...JSON_OPTION,
    },
    operand: ['verify'],
  },
  import: { options: { '--allow-weak': undefined }, operand: 'text' },
  key: {
    options: { '--key': ['passphrase', 'keychain', 'command'], ...JSON_OPTION },
    operand: ['list', 'add', 'remove'],
  },
  doctor: { options: JSON_OPTION },
  status: { options: JSON_OPTION },
  rc: { operand: ['bash', 'zsh', 'fish'] },
};

/**
 * Gives what may stand for the last of `words`, which follow `vault-shell` on a command line: nothing where the
 * shell knows better (files, programs). `names` is asked only where a secret is meant.
 */
export async function completeWords(
  words: readonly string[],
  names: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  // bash makes three words of --option=value.
  const given = words.filter((word, at) => word !== '=' || at === words.length - 1);
  const last = given.at(-1) ?? '';
  const [, option = '', start] = /^(--[a-z-]+=)(.*)$/.exec(last) ?? [];
  const before = option === '' ? given.slice(0, -1) : [...given.slice(0, -1), option.slice(0, -1)];
  const value = expectedAfter(before, start ?? last);
  const all = value === 'name' ? await names() : value === 'text' ? [] : value;
  return all.map((candidate) => `${option}${candidate}`).filter((text) => text.startsWith(last));
}

function expectedAfter(before: readonly string[], last: string): Value {
  let command: Grammar | undefined;
  let options = SESSION;
  let operands = 0;
  let expected: Value | undefined;
  for (const word of before) {
    if (expected !== undefined) {
      expected = undefined;
    } else if (word === '--') {
      return 'text';
    } else if (word.startsWith('-')) {
      expected = options?.[word];
      // From -c on all is the shell's.
      if (command === undefined && !word.startsWith('--')) return 'text';
    } else if (command === undefined) {
      command = COMMANDS[word];
      if (command === undefined) return 'text';
      options = { ...command.options, ...EVERYWHERE };
    } else {
      operands += 1;
    }
  }
  if (expected !== undefined) return expected;
  if (last.startsWith('-'))
    return operands > 0 && command === COMMANDS['run'] ? 'text' : Object.keys(options ?? {});
  if (command === undefined) return Object.keys(COMMANDS);
  return operands === 0 ? (command.operand ?? []) : 'text';
}
