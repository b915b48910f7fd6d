import { readFileSync } from 'node:fs';
import { systemCode, VaultShellError } from '../../base/errors.ts';
import { hardenProcess } from '../../base/hardening.ts';
import { isName } from '../../base/placeholder.ts';
import { Secret } from '../../base/secret.ts';
import { setSecret } from '../../vault/secrets.ts';
import { checkValue } from '../../vault/value.ts';
import { readDotenv, type Assignment } from '../dotenv.ts';
import { withVault } from '../open-vault.ts';
import { say } from '../output.ts';
import { flagOf, requiredText, type Command } from './command.ts';

export const importCommand: Command = {
  usage: 'import <file>',
  describe: 'store the KEY=VALUE lines of a .env file, all or none',
  build: (parser) =>
    parser.positional('file', { type: 'string', demandOption: true }).option('allow-weak', {
      type: 'boolean',
      describe: 'take short values and plain words, which will mask ordinary text',
    }),
  run: async (parsed, context) => {
    const file = requiredText(parsed, 'file');
    const allowWeak = flagOf(parsed, 'allow-weak');
    hardenProcess();
    const assignments = readDotenv(read(file));
    for (const assignment of assignments) check(assignment, allowWeak);
    await withVault(context, async (vault) => {
      for (const { name, value } of assignments) {
        await setSecret(vault, name, new Secret(value), { allowWeak });
      }
    });
    const count = assignments.length;
    say(`imported ${String(count)} secret${count === 1 ? '' : 's'} from ${file}`);
    return undefined;
  },
};

function read(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const reason = error instanceof TypeError ? 'not UTF-8 text' : systemCode(error);
    throw new VaultShellError('BAD_VALUE', `cannot read ${file}: ${reason ?? 'unknown error'}`, {
      cause: error,
    });
  }
}

/** Refuses before anything is written, naming the line and never the value. */
function check({ name, value, line }: Assignment, allowWeak: boolean): void {
  try {
    if (!isName(name)) throw new VaultShellError('BAD_NAME', 'is too long a name');
    checkValue(value, { allowWeak });
  } catch (error) {
    if (!(error instanceof VaultShellError)) throw error;
    throw new VaultShellError(error.code, `line ${String(line)}: ${name}: ${error.message}`, {
      hint: `nothing was imported${error.hint === undefined ? '' : `; ${error.hint}`}`,
      cause: error,
    });
  }
}
