import { readFileSync } from 'node:fs';
import yargs from 'yargs';
import { VaultShellError } from '../base/errors.ts';
import { vaultDirectory, type Environment } from '../base/paths.ts';
import { textOf, type Command, type Context } from './commands/command.ts';

/** Only the command asked for is loaded: half of the time that a short one takes would be the others'. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./commands/init.ts')).initCommand,
  set: async () => (await import('./commands/set.ts')).setCommand,
  list: async () => (await import('./commands/list.ts')).listCommand,
  show: async () => (await import('./commands/show.ts')).showCommand,
  rm: async () => (await import('./commands/rm.ts')).rmCommand,
  reveal: async () => (await import('./commands/reveal.ts')).revealCommand,
  policy: async () => (await import('./commands/policy.ts')).policyCommand,
  approve: async () => (await import('./commands/approve.ts')).approveCommand,
  value: async () => (await import('./commands/value.ts')).valueCommand,
  redact: async () => (await import('./commands/redact.ts')).redactCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  key: async () => (await import('./commands/key.ts')).keyCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
};

const SESSION_HELP = `vault-shell [--vault DIR] [--shell PATH] [-- PROGRAM ARGS...]
       vault-shell [--vault DIR] [-c CMD [NAME ARGS...] | -l | -i | -s | -lc CMD]
       vault-shell run [-s NAME[=VARIABLE]]... [--] CMD ARGS...
       vault-shell COMMAND [OPTIONS]

Without a command: starts your shell in a session. Programs started in it may be
given secrets as "$VAULT<name>" (quoted), or as the path of a file in memory,
"$VAULT_FILE<name>"; all output is redacted. Inside a session it nests in that.
vault-bash, vault-zsh and vault-sh are the same under the name of a shell, with
that shell's arguments.`;

const RUN_HELP = `vault-shell run [-s NAME[=VARIABLE]]... [--] CMD ARGS...

one command, with secrets as environment variables`;

/** Runs a management command (or prints help or the version) and gives the exit code. */
export async function runCommand(
  argv: readonly string[],
  environment: Environment,
): Promise<number> {
  const parser = yargs(joinOperands(argv))
    .scriptName('vault-shell')
    .usage(SESSION_HELP)
    .locale('en')
    .exitProcess(false)
    .version(versionText())
    .option('vault', { type: 'string', requiresArg: true, describe: 'directory of the vault' })
    .option('no-color', { type: 'boolean', describe: 'plain output (as with NO_COLOR)' })
    .parserConfiguration({
      'boolean-negation': false,
      // `policy` has an option that may be repeated.
      'duplicate-arguments-array': argv[0] === 'policy',
      'populate--': true,
    })
    .strictOptions()
    .demandCommand(1)
    .wrap(100)
    .fail((message: string | null, error: Error | undefined) => {
      // yargs throws its own kind where an option lacks its value; every other is ours.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new VaultShellError('USAGE', asOneLine(message ?? 'wrong usage'), {
        hint: 'vault-shell --help',
      });
    });
  // For the help alone: its line was read already (shell-arguments.ts).
  parser.command('run', 'one command, with secrets as environment variables', (run) =>
    run.usage(RUN_HELP).option('secret', {
      alias: 's',
      type: 'string',
      requiresArg: true,
      describe: 'give a secret in the variable of its name, or in VARIABLE; may be repeated',
    }),
  );
  let exitCode = 0;
  const asked = COMMANDS[argv[0] ?? ''];
  const loaders = asked === undefined ? Object.values(COMMANDS) : [asked];
  for (const command of await Promise.all(loaders.map((load) => load()))) {
    parser.command(command.usage, command.describe, command.build, async (parsed) => {
      refuseOperands(parsed._.slice(1), command);
      const context: Context = {
        environment,
        directory: vaultDirectory(textOf(parsed, 'vault'), environment),
      };
      exitCode = (await command.run(parsed, context)) ?? 0;
    });
  }
  await parser.parseAsync();
  return exitCode;
}

/**
 * `rm -- NAME` is `rm NAME`: yargs fills no positional from behind the `--`. What `key add` has there is a
 * command line of its own.
 */
function joinOperands(argv: readonly string[]): string[] {
  return argv.filter((word) => word !== '--' || argv[0] === 'key');
}

/** Not shown: with `set NAME VALUE` it is a value. */
function refuseOperands(operands: readonly unknown[], { usage }: Command): void {
  if (operands.length === 0) return;
  const [name = ''] = usage.split(' ');
  throw new VaultShellError('USAGE', `too many arguments for ${name}`, {
    hint:
      name === 'set'
        ? 'a value is asked for, or read from stdin or a file; on the command line others would see it'
        : `vault-shell ${name} --help`,
  });
}

/** What yargs says, in our manner. */
function asOneLine(message: string): string {
  if (message.startsWith('Not enough non-option arguments')) return 'an argument is missing';
  const option = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (option !== undefined) return `--${option} needs a value`;
  const text = message.replace(/\s*\n\s*/g, ' ');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function versionText(): string {
  const file = new URL('../../../package.json', import.meta.url);
  const { name, version }: Record<string, string> = JSON.parse(readFileSync(file, 'utf8'));
  return `${name ?? ''} ${version ?? ''}`;
}
