import { VaultShellError } from '../../base/errors.ts';
import { listAudit, type AuditQuery } from '../../vault/audit.ts';
import { OUTCOMES } from '../../vault/types.ts';
import { followAudit } from '../audit-follow.ts';
import { auditTable } from '../audit-table.ts';
import { verifyCommand } from '../audit-verify.ts';
import { withVault } from '../open-vault.ts';
import { printData, printLine } from '../output.ts';
import { parseSince } from '../since.ts';
import { choiceOf, flagOf, textOf, type Arguments, type Command } from './command.ts';

const ACTIONS = ['verify'] as const;

export const auditCommand: Command = {
  usage: 'audit [action]',
  describe: 'the log of grants and denials, newest first; audit verify: whether it is whole',
  build: (parser) =>
    parser
      .positional('action', {
        choices: ACTIONS,
        describe: 'verify: check that no row was changed or is missing',
      })
      .option('limit', { type: 'string', requiresArg: true, describe: 'at most so many rows' })
      .option('secret', { type: 'string', requiresArg: true, describe: 'only rows of this secret' })
      .option('outcome', { choices: OUTCOMES, requiresArg: true, describe: 'only such rows' })
      .option('since', {
        type: 'string',
        requiresArg: true,
        describe:
          'only rows from this ISO time on (UTC unless it says), or of the last 10m, 2h, 3d',
      })
      .option('follow', {
        type: 'boolean',
        describe:
          'print rows as they come, until interrupted; with --limit or --since older ones first',
      })
      .option('json', { type: 'boolean', describe: 'print JSON; with --follow an object a line' })
      .option('accept', {
        type: 'boolean',
        describe: 'with verify: vault.db was put back on purpose, go on from here',
      }),
  run: async (parsed, context) => {
    const query = queryOf(parsed);
    const accept = flagOf(parsed, 'accept');
    if (textOf(parsed, 'action') !== undefined) {
      if (Object.values(query).some((value) => value !== undefined) || flagOf(parsed, 'follow')) {
        throw new VaultShellError('USAGE', 'audit verify looks at all rows');
      }
      return verifyCommand(context, { accept });
    }
    if (accept) throw new VaultShellError('USAGE', '--accept goes with audit verify');
    const json = flagOf(parsed, 'json');
    if (flagOf(parsed, 'follow')) {
      return withVault(context, (vault) => followAudit(vault, query, { json }));
    }
    const rows = await withVault(context, (vault) => listAudit(vault, query));
    if (json) printLine(JSON.stringify(rows, undefined, 2));
    else printData(auditTable(rows));
    return undefined;
  },
};

function queryOf(parsed: Arguments): AuditQuery {
  const since = textOf(parsed, 'since');
  return {
    limit: limitOf(textOf(parsed, 'limit')),
    secret: textOf(parsed, 'secret'),
    since: since === undefined ? undefined : parseSince(since, Date.now()),
    outcome:
      textOf(parsed, 'outcome') === undefined ? undefined : choiceOf(parsed, 'outcome', OUTCOMES),
  };
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new VaultShellError('USAGE', '--limit wants a whole number above 0');
  }
  return Number(text);
}
