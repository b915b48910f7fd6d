import { removeSecret } from '../../vault/secrets.ts';
import { withVault } from '../open-vault.ts';
import { requiredText, type Command } from './command.ts';

export const rmCommand: Command = {
  usage: 'rm <name>',
  describe: 'delete a secret, overwriting its value first',
  build: (parser) => parser.positional('name', { type: 'string', demandOption: true }),
  run: async (parsed, context) => {
    await withVault(context, (vault) => removeSecret(vault, requiredText(parsed, 'name')));
    return undefined;
  },
};
