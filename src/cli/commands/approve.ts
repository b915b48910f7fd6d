import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { VaultShellError } from '../../base/errors.ts';
import { VERDICTS, type Verdict } from '../../broker/approval.ts';
import { answerApproval, listApprovals } from '../../vault/approvals.ts';
import type { OpenVault } from '../../vault/open.ts';
import { listSecrets } from '../../vault/secrets.ts';
import type { PendingApproval } from '../../vault/types.ts';
import { approvalText } from '../approval-view.ts';
import { refuseInsideSession } from '../inside-session.ts';
import { withVault } from '../open-vault.ts';
import { printData, say } from '../output.ts';
import { askShown } from '../prompt.ts';
import { flagOf, textOf, type Arguments, type Command, type Context } from './command.ts';

const MEANINGS = {
  deny: 'no: the program is not run',
  once: 'yes, this time',
  session: 'yes, for this program as long as the session goes on, 24 h at most',
} as const satisfies Record<Verdict, string>;

export const approveCommand: Command = {
  usage: 'approve [id]',
  describe: 'show the requests that wait for a human, and answer them; on a terminal only',
  build: (parser) => {
    parser
      .positional('id', { type: 'string', describe: 'this request only' })
      .option('list', { type: 'boolean', describe: 'show them and ask nothing' });
    for (const [verdict, describe] of Object.entries(MEANINGS)) {
      parser.option(verdict, { type: 'boolean', describe });
    }
    return parser;
  },
  run: approve,
};

async function approve(parsed: Arguments, context: Context): Promise<undefined> {
  refuseInsideSession('approve', context.environment);
  if (!isatty(0) || !isatty(1)) throw new VaultShellError('REFUSED', 'approve needs a terminal');
  const id = textOf(parsed, 'id');
  const verdict = verdictIn(parsed);
  if (verdict !== undefined && (id === undefined || flagOf(parsed, 'list'))) {
    throw new VaultShellError('USAGE', `--${verdict} needs the id of a request, and no --list`);
  }
  await withVault(context, async (vault) => {
    const waiting = await find(vault, id);
    if (waiting.length === 0) {
      if (id !== undefined) throw over(id);
      say('nothing waits for an approval');
    }
    const secrets = await listSecrets(vault);
    for (const pending of waiting) {
      printData(approvalText(pending, secrets, Date.now()));
      if (!flagOf(parsed, 'list')) await answer(vault, pending, verdict ?? (await ask()));
    }
  });
}

/** A popup may be up before the request that it is for is on disk. */
const FIND_TRIES = 5;
const FIND_MS = 200;

async function find(vault: OpenVault, id: string | undefined): Promise<PendingApproval[]> {
  for (let tries = 1; ; tries += 1) {
    const waiting = await listApprovals(vault);
    if (id === undefined) return waiting;
    const found = waiting.filter((pending) => pending.id === id);
    if (found.length > 0 || tries === FIND_TRIES) return found;
    await sleep(FIND_MS);
  }
}

async function answer(vault: OpenVault, { id }: PendingApproval, verdict: Verdict): Promise<void> {
  if (!(await answerApproval(vault, id, verdict))) throw over(id);
  say(`request ${id}: ${verdict}`);
}

/** What is no yes is a no; Ctrl-C leaves the request to others. */
async function ask(): Promise<Verdict> {
  const given = (await askShown('vault-shell: [d]eny, [o]nce or for the [s]ession? ')).trim();
  if (/^o(nce)?$/i.test(given)) return 'once';
  return /^s(ession)?$/i.test(given) ? 'session' : 'deny';
}

function verdictIn(parsed: Arguments): Verdict | undefined {
  const given = VERDICTS.filter((verdict) => flagOf(parsed, verdict));
  if (given.length < 2) return given[0];
  throw new VaultShellError('USAGE', 'one of --deny, --once and --session');
}

function over(id: string): VaultShellError {
  return new VaultShellError('REFUSED', `no request ${id} waits for an answer`, {
    hint: 'vault-shell approve --list',
  });
}
