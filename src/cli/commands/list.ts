import { listSecrets } from '../../vault/secrets.ts';
import type { SecretInfo } from '../../vault/types.ts';
import { withVault } from '../open-vault.ts';
import { printData, printLine, table } from '../output.ts';
import { flagOf, type Command } from './command.ts';

export const listCommand: Command = {
  usage: 'list',
  describe: 'names and attributes of all secrets',
  build: (parser) => parser.option('json', { type: 'boolean', describe: 'print JSON' }),
  run: async (parsed, context) => {
    const secrets = await withVault(context, listSecrets);
    if (flagOf(parsed, 'json')) printLine(JSON.stringify(secrets, undefined, 2));
    else printData(table(HEAD, secrets.map(cells)));
    return undefined;
  },
};

const HEAD = [
  'NAME',
  'PROVIDER',
  'ACCOUNT',
  'ENVIRONMENT',
  'ACCESS',
  'TAGS',
  'DESCRIPTION',
  'LAST USED',
];

function cells(info: SecretInfo): string[] {
  return [
    info.name,
    info.provider ?? '',
    info.account ?? '',
    info.environment ?? '',
    info.access ?? '',
    info.tags,
    info.description ?? '',
    info.last_used_at ?? 'never',
  ];
}
