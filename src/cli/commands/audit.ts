import { VaultShellError } from '../../base/errors.ts';
import { listAudit } from '../../vault/audit.ts';
import type { AuditRow } from '../../vault/types.ts';
import { withVault } from '../open-vault.ts';
import { printData, printLine, table } from '../output.ts';
import { flagOf, textOf, type Command } from './command.ts';

export const auditCommand: Command = {
  usage: 'audit',
  describe: 'the log of grants and denials, newest first',
  build: (parser) =>
    parser
      .option('limit', { type: 'string', requiresArg: true, describe: 'at most so many rows' })
      .option('secret', { type: 'string', requiresArg: true, describe: 'only rows of this secret' })
      .option('json', { type: 'boolean', describe: 'print JSON' }),
  run: async (parsed, context) => {
    const query = { limit: limitOf(textOf(parsed, 'limit')), secret: textOf(parsed, 'secret') };
    const rows = await withVault(context, (vault) => listAudit(vault, query));
    if (flagOf(parsed, 'json')) printLine(JSON.stringify(rows, undefined, 2));
    else printData(table(HEAD, rows.map(cells)));
    return undefined;
  },
};

const HEAD = ['ID', 'TIME', 'OUTCOME', 'EXIT', 'SECRETS', 'DIRECTORY', 'COMMAND'];

function cells(row: AuditRow): string[] {
  return [
    String(row.id),
    row.ts,
    row.outcome,
    row.exit_code === null ? '-' : String(row.exit_code),
    row.secrets.join(','),
    row.cwd,
    row.command,
  ];
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new VaultShellError('USAGE', '--limit wants a whole number above 0');
  }
  return Number(text);
}
