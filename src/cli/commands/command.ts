import type { Argv } from 'yargs';
import type { Environment } from '../../base/paths.ts';
import { VaultShellError } from '../../base/errors.ts';

/** What every management command gets. */
export interface Context {
  readonly environment: Environment;
  /** Directory of the vault, absolute. */
  readonly directory: string;
}

export type Arguments = Readonly<Record<string, unknown>>;

/** One management command; `run` gives its exit code, 0 when it gives none. */
export interface Command {
  readonly usage: string;
  readonly describe: string;
  readonly build: (parser: Argv) => Argv;
  readonly run: (parsed: Arguments, context: Context) => Promise<number | undefined>;
}

export function textOf(parsed: Arguments, option: string): string | undefined {
  const value = parsed[option];
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  throw new VaultShellError('USAGE', `--${option} is given twice`);
}

/** Gives all texts of an option that may be repeated. */
export function textsOf(parsed: Arguments, option: string): readonly string[] {
  const values = parsed[option];
  if (values === undefined) return [];
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  return list.filter((value) => typeof value === 'string');
}

export function requiredText(parsed: Arguments, option: string): string {
  const value = textOf(parsed, option);
  if (value === undefined) throw new VaultShellError('USAGE', `${option} is missing`);
  return value;
}

/** Gives the option as one of `choices`; yargs has checked it, or it has a default. */
export function choiceOf<T extends string>(
  parsed: Arguments,
  option: string,
  choices: readonly T[],
): T {
  const value = textOf(parsed, option);
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    throw new VaultShellError('USAGE', `--${option} is one of ${choices.join(', ')}`);
  }
  return choice;
}

export function flagOf(parsed: Arguments, option: string): boolean {
  return parsed[option] === true;
}
