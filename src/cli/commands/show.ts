import { showSecret } from '../../vault/secrets.ts';
import { escapeControls } from '../../base/text.ts';
import { withVault } from '../open-vault.ts';
import { printData, printLine } from '../output.ts';
import { flagOf, requiredText, type Command } from './command.ts';

export const showCommand: Command = {
  usage: 'show <name>',
  describe: 'attributes of one secret, never its value',
  build: (parser) =>
    parser
      .positional('name', { type: 'string', demandOption: true })
      .option('json', { type: 'boolean', describe: 'print JSON' }),
  run: async (parsed, context) => {
    const name = requiredText(parsed, 'name');
    const info = await withVault(context, (vault) => showSecret(vault, name));
    if (flagOf(parsed, 'json')) {
      printLine(JSON.stringify(info, undefined, 2));
    } else {
      for (const [field, value] of Object.entries(info)) {
        const text = typeof value === 'string' ? escapeControls(value) : '-';
        printData(`${`${field}:`.padEnd(14)}${text}\n`);
      }
    }
    return undefined;
  },
};
