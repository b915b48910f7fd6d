import { randomUUID } from 'node:crypto';
import { isatty } from 'node:tty';
import { VaultShellError } from '../../base/errors.ts';
import { quoteArgv } from '../../base/quote.ts';
import { describeProcess } from '../../broker/process-tree.ts';
import { deny, grant, recordExit } from '../../vault/audit.ts';
import { readRulesOf } from '../../vault/policies.ts';
import { isExpired } from '../../vault/rules.ts';
import type { GrantRequest } from '../../vault/types.ts';
import { isInsideSession } from '../inside-session.ts';
import { keepHeadOf } from '../keychain-head.ts';
import { withVault } from '../open-vault.ts';
import { printLine } from '../output.ts';
import { askShown } from '../prompt.ts';
import { requiredText, type Command, type Context } from './command.ts';

export const revealCommand: Command = {
  usage: 'reveal <name>',
  describe: 'show a value to a human on a terminal, after a confirmation',
  build: (parser) => parser.positional('name', { type: 'string', demandOption: true }),
  run: async (parsed, context) => {
    const name = requiredText(parsed, 'name');
    const refusal = refusalFor(isInsideSession(context.environment));
    const request: GrantRequest = {
      operation: randomUUID(),
      names: [name],
      command: quoteArgv(['vault-shell', 'reveal', name]),
      cwd: process.cwd(),
      ...describeAsker(context),
    };
    if (refusal !== undefined) {
      // It is refused even where the vault cannot be opened to write that down.
      await withVault(
        context,
        async (vault) => {
          await deny(vault, { ...request, reason: refusal });
          await keepHeadOf(vault, context.environment);
        },
        {
          ask: false,
        },
      ).catch(() => undefined);
      throw new VaultShellError('REFUSED', refusal);
    }
    await withVault(context, async (vault) => {
      const refuse = async (reason: string, error: VaultShellError): Promise<never> => {
        await deny(vault, { ...request, reason });
        await keepHeadOf(vault, context.environment);
        throw error;
      };
      const { policy } = await readRulesOf(vault, name);
      if (isExpired(policy, new Date().toISOString())) return refuse(...expired(name));
      if (!(await isConfirmed(name))) {
        return refuse('not confirmed', new VaultShellError('REFUSED', 'not shown'));
      }
      const result = await grant(vault, { ...request, forHuman: true });
      if (result.kind === 'changed') return refuse(...expired(name));
      if (result.kind === 'unknown') throw new VaultShellError('NO_SECRET', `no secret ${name}`);
      printLine(result.values.map((value) => value.reveal()).join(''));
      await recordExit(vault, request.operation, 0);
      await keepHeadOf(vault, context.environment);
      return undefined;
    });
    return undefined;
  },
};

function expired(name: string): [reason: string, error: VaultShellError] {
  const reason = `${name} has expired`;
  return [reason, new VaultShellError('REFUSED', reason, { hint: `vault-shell policy ${name}` })];
}

function describeAsker({
  environment,
}: Context): Pick<GrantRequest, 'program' | 'pid' | 'parents' | 'agent'> {
  const { pid, program, parents, agent } = describeProcess(process.pid, 0, environment);
  return { pid, program, parents, agent };
}

async function isConfirmed(name: string): Promise<boolean> {
  try {
    const answer = await askShown(`vault-shell: show the value of ${name} here? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    // Ctrl-C is a no, and to be written down like one.
    if (error instanceof VaultShellError && error.code === 'REFUSED') return false;
    throw error;
  }
}

function refusalFor(inSession: boolean): string | undefined {
  if (inSession) return 'reveal does not work inside a session';
  if (!isatty(0) || !isatty(1)) return 'reveal needs a terminal';
  return undefined;
}
