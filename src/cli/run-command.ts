import { realpathSync } from 'node:fs';
import { VaultShellError } from '../base/errors.ts';
import {
  hasPlaceholder,
  placeholderFor,
  scanPlaceholders,
  substitutePlaceholders,
} from '../base/placeholder.ts';
import type { Environment } from '../base/paths.ts';
import { isPassThrough } from '../session/pass-through.ts';
import { findProgram, type Launch } from '../session/program.ts';
import type { Prepared, SessionOptions } from '../session/session.ts';
import type { ChildStore } from '../vault/child-store.ts';
import type { Exposure } from '../vault/types.ts';
import type { RunInvocation } from './shell-arguments.ts';
import { startSession } from './start.ts';

/**
 * Runs a program that is not the session's shell; gives its exit code. Its own values come from here, before it starts: those of
 * `secrets` whatever the program is, and those of placeholders in its arguments and environment as the
 * hook would resolve them. Where one of these is a file, the hook does all of it.
 */
export async function startProgram(
  { argv, secrets, vault }: Pick<RunInvocation, 'argv' | 'secrets' | 'vault'>,
  store: ChildStore,
  environment: Environment,
): Promise<number> {
  const [name = '', ...args] = argv;
  const launch: Launch = { file: findProgram(name, environment['PATH'], process.cwd()), args };
  const holders = holdersOf(launch, environment);
  if (wantsFile(holders)) {
    const launcher = throughLauncher(launch);
    const given = new Map([...secrets].map(([variable, text]) => [variable, placeholderFor(text)]));
    const prepare = async (): Promise<Prepared> =>
      Promise.resolve({ args: launcher.args, environment: given, operation: undefined });
    return startSession({ launch: launcher, vault, store, environment, prepare });
  }
  return startSession({
    launch,
    vault,
    store,
    environment,
    prepare: prepareProgram(launch, argv, secrets, holders),
  });
}

function prepareProgram(
  launch: Launch,
  argv: readonly string[],
  secrets: ReadonlyMap<string, string>,
  holders: Holders,
): SessionOptions['prepare'] {
  const exposures = new Map<string, Set<Exposure>>();
  const ask = (name: string, exposure: Exposure): void => {
    exposures.set(name, (exposures.get(name) ?? new Set()).add(exposure));
  };
  let malformed = false;
  const askFor = (text: string, exposure: Exposure): void => {
    const scan = scanPlaceholders(text);
    if (scan.kind === 'malformed') malformed = true;
    else for (const name of scan.names) ask(name, exposure);
  };
  for (const name of secrets.values()) ask(name, 'env');
  for (const text of holders.args) askFor(text, 'argv');
  for (const [, text] of holders.variables) askFor(text, 'env');
  if (exposures.size === 0 && !malformed) return undefined;
  return async (broker) => {
    const names = [...exposures.keys()];
    const resolution = await broker.resolveHere({
      program: argv[0] ?? '',
      file: realpathSync(launch.file),
      argv,
      cwd: process.cwd(),
      names,
      exposures: new Map([...exposures].map(([name, all]) => [name, [...all]])),
      malformed,
    });
    if (resolution.kind === 'denied') throw new VaultShellError('DENIED', resolution.message);
    if (resolution.kind === 'text') throw new VaultShellError('DENIED', 'no value was given');
    const { operation, values } = resolution;
    const byName = new Map(names.map((name, index) => [name, values[index]]));
    const resolve = (text: string): string =>
      substitutePlaceholders(text, (name) => byName.get(name)?.reveal());
    return {
      operation,
      args: holders.args.length > 0 ? launch.args.map(resolve) : launch.args,
      environment: new Map([
        ...holders.variables.map(([variable, text]) => [variable, resolve(text)] as const),
        ...[...secrets].map(
          ([variable, name]) => [variable, resolve(placeholderFor(name))] as const,
        ),
      ]),
    };
  };
}

/** What the program is to be given values in; nothing where it passes placeholders on. */
interface Holders {
  readonly args: readonly string[];
  readonly variables: readonly (readonly [string, string])[];
}

function holdersOf(launch: Launch, environment: Environment): Holders {
  if (environment['VAULT_SHELL_LITERAL'] === '1' || isPassThrough(launch.file, launch.args)) {
    return { args: [], variables: [] };
  }
  return {
    args: launch.args.filter(hasPlaceholder),
    variables: Object.entries(environment).flatMap(([name, value = '']) =>
      hasPlaceholder(value) ? [[name, value] as const] : [],
    ),
  };
}

/** Files of values are made by the hook, in a program that another one execs. */
function wantsFile({ args, variables }: Holders): boolean {
  const scans = [...args, ...variables.map(([, text]) => text)].map(scanPlaceholders);
  return (
    scans.every(({ kind }) => kind === 'ok') &&
    scans.some(
      (scan) => scan.kind === 'ok' && scan.placeholders.some(({ kind }) => kind === 'file'),
    )
  );
}

/** The same program, exec'd by one that passes placeholders on. */
function throughLauncher({ file, args }: Launch): Launch {
  // `env` takes a path with a `=` for a variable; a shell drops variables that it could not name.
  return file.includes('=')
    ? { file: '/bin/sh', args: ['-c', 'exec "$0" "$@"', file, ...args] }
    : { file: '/usr/bin/env', args: [file, ...args] };
}
