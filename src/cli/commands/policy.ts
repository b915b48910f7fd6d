import { escapeControls } from '../../base/text.ts';
import { approvalOf } from '../../broker/policy.ts';
import { clearPolicy, readRulesOf, setPolicy } from '../../vault/policies.ts';
import { NO_POLICY, type AllowedProgram, type Rules } from '../../vault/rules.ts';
import { refuseInsideSession } from '../inside-session.ts';
import { withVault } from '../open-vault.ts';
import { printData, printLine } from '../output.ts';
import { ANY, readPolicy, type PolicyWords } from '../policy-options.ts';
import {
  flagOf,
  requiredText,
  textOf,
  textsOf,
  type Arguments,
  type Command,
  type Context,
} from './command.ts';

const OPTIONS = {
  cwd: 'only in this directory or below it',
  expose: 'only in these ways: env,argv,file,stdin',
  expires: 'not from this time on: 2026-12-31T09:00Z, 12h, 30d',
  uses: 'so many times',
  approval: 'whether a human is asked: never, once (each time), session (once a session)',
} as const;

export const policyCommand: Command = {
  usage: 'policy <name>',
  describe: 'who may use a secret: shows it, or sets what is given (any: no such limit)',
  build: (parser) => {
    parser.positional('name', { type: 'string', demandOption: true }).option('program', {
      type: 'string',
      array: true,
      nargs: 1,
      requiresArg: true,
      describe: 'only for this program: PATH, PATH@SHA256 or PATH@sha256; may be repeated',
    });
    for (const [option, describe] of Object.entries(OPTIONS)) {
      parser.option(option, { type: 'string', requiresArg: true, describe });
    }
    return parser
      .option('clear', { type: 'boolean', describe: 'take the policy away' })
      .option('json', { type: 'boolean', describe: 'print JSON' });
  },
  run: policy,
};

async function policy(parsed: Arguments, context: Context): Promise<undefined> {
  refuseInsideSession('policy', context.environment);
  const name = requiredText(parsed, 'name');
  const change = await readPolicy(wordsOf(parsed), context.environment);
  const changes = Object.keys(change).length > 0;
  const clears = flagOf(parsed, 'clear');
  const rules = await withVault(context, async (vault): Promise<Rules> => {
    if (clears && changes) await setPolicy(vault, name, { ...NO_POLICY, ...change });
    else if (clears) await clearPolicy(vault, name);
    else if (changes) await setPolicy(vault, name, change);
    return readRulesOf(vault, name);
  });
  if (flagOf(parsed, 'json')) printLine(JSON.stringify(asJson(rules), undefined, 2));
  else if (!clears && !changes) printData(asText(rules));
}

function wordsOf(parsed: Arguments): PolicyWords {
  return {
    programs: textsOf(parsed, 'program'),
    cwd: textOf(parsed, 'cwd'),
    expose: textOf(parsed, 'expose'),
    expires: textOf(parsed, 'expires'),
    uses: textOf(parsed, 'uses'),
    approval: textOf(parsed, 'approval'),
  };
}

/** `asks`: the approval that holds, from the policy or from the attributes. */
function asJson(rules: Rules): Readonly<Record<string, unknown>> {
  return { name: rules.info.name, ...rules.policy, asks: approvalOf(rules) };
}

function asText(rules: Rules): string {
  const { programs, cwd, exposures, expires, uses, approval } = rules.policy;
  const rows: readonly (readonly [string, string])[] = [
    ['name', rules.info.name],
    ['programs', programs?.map(programText).join(', ') ?? ANY],
    ['cwd', cwd ?? ANY],
    ['exposures', exposures?.join(', ') ?? ANY],
    ['expires', expires ?? 'never'],
    ['uses', uses === null ? ANY : `${String(uses)} left`],
    ['approval', `${approvalOf(rules)}${approval === null ? ' (by its attributes)' : ''}`],
  ];
  return rows
    .map(([field, value]) => `${`${field}:`.padEnd(11)}${escapeControls(value)}\n`)
    .join('');
}

function programText({ path, sha256 }: AllowedProgram): string {
  return sha256 === null ? path : `${path}@${sha256}`;
}
