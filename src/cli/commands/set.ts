import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { systemCode, VaultShellError } from '../../base/errors.ts';
import { hardenProcess } from '../../base/hardening.ts';
import { isName } from '../../base/placeholder.ts';
import { Secret } from '../../base/secret.ts';
import { setSecret } from '../../vault/secrets.ts';
import { withVault } from '../open-vault.ts';
import { askHidden } from '../prompt.ts';
import {
  flagOf,
  requiredText,
  textOf,
  type Arguments,
  type Command,
  type Context,
} from './command.ts';

const ATTRIBUTES = ['provider', 'account', 'environment', 'access', 'tags', 'description'] as const;

export const setCommand: Command = {
  usage: 'set <name>',
  describe: 'store a secret, or give it a new value',
  build: (parser) => {
    parser.positional('name', { type: 'string', demandOption: true });
    for (const attribute of ATTRIBUTES) {
      parser.option(attribute, {
        type: 'string',
        requiresArg: true,
        describe: describe(attribute),
      });
    }
    return parser
      .option('from-file', {
        type: 'string',
        requiresArg: true,
        describe: 'take the value from this file, byte for byte',
      })
      .option('allow-weak', {
        type: 'boolean',
        describe: 'take a short value or a plain word, which will mask ordinary text',
      });
  },
  run: set,
};

async function set(parsed: Arguments, context: Context): Promise<undefined> {
  const name = requiredText(parsed, 'name');
  if (!isName(name)) {
    throw new VaultShellError('BAD_NAME', `${name} cannot be the name of a secret`, {
      hint: 'letters, digits, _ . / - and no digit first, at most 128',
    });
  }
  // A value is here from now on, and a person may take long to type it.
  hardenProcess();
  // Read before the vault is opened: nothing is waited for while it is locked.
  const value = await readValue(name, textOf(parsed, 'from-file'));
  const attributes = Object.fromEntries(
    ATTRIBUTES.map((attribute) => [attribute, textOf(parsed, attribute)]),
  );
  await withVault(context, (vault) =>
    setSecret(vault, name, value, { attributes, allowWeak: flagOf(parsed, 'allow-weak') }),
  );
}

async function readValue(name: string, file: string | undefined): Promise<Secret> {
  if (file !== undefined) return new Secret(decode(readBytes(file)));
  if (isatty(0)) return new Secret(await askHidden(`vault-shell: value of ${name}: `));
  return new Secret(decode(readBytes(0)).replace(/\r?\n$/, ''));
}

function readBytes(file: string | 0): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const what = file === 0 ? 'the standard input' : file;
    throw new VaultShellError(
      'BAD_VALUE',
      `cannot read ${what}: ${systemCode(error) ?? 'unknown error'}`,
      { cause: error },
    );
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new VaultShellError('BAD_VALUE', 'the value is not UTF-8 text', {
      hint: 'store binary data as base64',
      cause: error,
    });
  } finally {
    bytes.fill(0);
  }
}

function describe(attribute: (typeof ATTRIBUTES)[number]): string {
  return attribute === 'tags' ? 'tags, joined by commas' : `its ${attribute}`;
}
