import { realpathSync } from 'node:fs';
import { VaultShellError } from '../base/errors.ts';
import { scanPlaceholders, substitutePlaceholders } from '../base/placeholder.ts';
import type { Environment } from '../base/paths.ts';
import type { Exposure } from '../vault/types.ts';
import { isPassThrough } from '../session/pass-through.ts';
import { findProgram, type Launch } from '../session/program.ts';
import type { SessionOptions } from '../session/session.ts';
import type { RunInvocation } from './shell-arguments.ts';
import { startSession } from './start.ts';

/** Runs one command with secrets as environment variables; gives its exit code. */
export async function runOne(invocation: RunInvocation, environment: Environment): Promise<number> {
  return startProgram(invocation, environment);
}

/**
 * Runs a program that is not the session's shell. Its own values come from here, before it starts: those of
 * `secrets` whatever the program is, and those of placeholders in its arguments and environment as the
 * hook would resolve them.
 */
export async function startProgram(
  { argv, secrets, vault }: Pick<RunInvocation, 'argv' | 'secrets' | 'vault'>,
  environment: Environment,
): Promise<number> {
  const [name = '', ...args] = argv;
  const launch: Launch = { file: findProgram(name, environment['PATH'], process.cwd()), args };
  return startSession({
    launch,
    vault,
    environment,
    prepare: prepareProgram(launch, argv, secrets, environment),
  });
}

function prepareProgram(
  launch: Launch,
  argv: readonly string[],
  secrets: ReadonlyMap<string, string>,
  environment: Environment,
): SessionOptions['prepare'] {
  const resolves =
    environment['VAULT_SHELL_LITERAL'] !== '1' && !isPassThrough(launch.file, launch.args);
  const exposures = new Map<string, Exposure[]>();
  const expose = (name: string, how: Exposure): void => {
    const known = exposures.get(name);
    if (known === undefined) exposures.set(name, [how]);
    else if (!known.includes(how)) known.push(how);
  };
  for (const name of secrets.values()) expose(name, 'env');
  let malformed = false;
  const holders = Object.entries(environment).filter(([, value]) => value?.includes('$VAULT<'));
  const scanText = (text: string, how: Exposure): void => {
    const scan = scanPlaceholders(text);
    if (scan.kind === 'malformed') malformed = true;
    else for (const name of scan.names) expose(name, how);
  };
  if (resolves) {
    for (const text of launch.args) scanText(text, 'argv');
    for (const [, text] of holders) scanText(text ?? '', 'env');
  }
  if (exposures.size === 0 && !malformed) return undefined;
  return async (broker) => {
    const asked = [...exposures.keys()];
    const resolution = await broker.resolveHere({
      program: argv[0] ?? '',
      file: realpathSync(launch.file),
      argv,
      cwd: process.cwd(),
      names: asked,
      exposures,
      malformed,
    });
    if (resolution.kind === 'denied') throw new VaultShellError('DENIED', resolution.message);
    const { operation, values } = resolution;
    const byName = new Map(asked.map((name, index) => [name, values[index]]));
    const valueOf = (name: string): string => {
      const value = byName.get(name);
      if (value === undefined) throw new VaultShellError('INTERNAL', `no value of ${name}`);
      return value.reveal();
    };
    const resolve = (text: string): string => substitutePlaceholders(text, valueOf);
    return {
      operation,
      args: resolves ? launch.args.map(resolve) : launch.args,
      environment: new Map([
        ...(resolves ? holders.map(([name, text]) => [name, resolve(text ?? '')] as const) : []),
        ...[...secrets].map(([variable, name]) => [variable, valueOf(name)] as const),
      ]),
    };
  };
}
