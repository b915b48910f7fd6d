import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemCode, VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { hashOf } from '../broker/use.ts';
import { findProgram } from '../session/program.ts';
import { APPROVALS, type AllowedProgram, type Policy } from '../vault/rules.ts';
import { EXPOSURES, type Exposure } from '../vault/types.ts';
import { parseTime } from './since.ts';

/** Takes a restriction away. */
export const ANY = 'any';

/** The options of `policy` as they were given. */
export interface PolicyWords {
  readonly programs: readonly string[];
  readonly cwd: string | undefined;
  readonly expose: string | undefined;
  readonly expires: string | undefined;
  readonly uses: string | undefined;
  readonly approval: string | undefined;
}

/** Gives the part of a policy that the options say. Throws USAGE. */
export async function readPolicy(
  words: PolicyWords,
  environment: Environment,
): Promise<Partial<Policy>> {
  const { programs, cwd, expose, expires, uses, approval } = words;
  return {
    ...(programs.length === 0 ? {} : { programs: await programsOf(programs, environment) }),
    ...given('cwd', cwd, directoryOf),
    ...given('exposures', expose, exposuresOf),
    ...given('expires', expires, timeOf),
    ...given('uses', uses, countOf),
    ...given('approval', approval, approvalOf),
  };
}

function given<K extends keyof Policy>(
  field: K,
  word: string | undefined,
  read: (word: string) => Policy[K],
): Partial<Policy> {
  if (word === undefined) return {};
  return { [field]: word === ANY ? null : read(word) };
}

async function programsOf(
  words: readonly string[],
  environment: Environment,
): Promise<AllowedProgram[] | null> {
  if (words.includes(ANY)) {
    if (words.length === 1) return null;
    throw usage(`--program ${ANY} stands alone`);
  }
  const programs: AllowedProgram[] = [];
  for (const word of words) programs.push(await programOf(word, environment));
  return programs;
}

/** `PATH`, `PATH@<64 hex digits>`, or `PATH@sha256` for what the file holds now. */
async function programOf(word: string, environment: Environment): Promise<AllowedProgram> {
  const match = /^(.+)@(sha256|[0-9a-f]{64})$/is.exec(word);
  const file = realPathOf(match?.[1] ?? word, environment);
  if (match === null) return { path: file, sha256: null };
  const named = (match[2] ?? '').toLowerCase();
  const sha256 = named === 'sha256' ? await hashOf(file) : named;
  if (sha256 === undefined) throw usage(`cannot read ${file}`);
  return { path: file, sha256 };
}

function realPathOf(name: string, environment: Environment): string {
  let file: string;
  try {
    file = realpathSync(findProgram(name, environment['PATH'], process.cwd()));
  } catch (error) {
    throw usage(`no program ${name}`, error);
  }
  if (!statSync(file).isFile()) throw usage(`${name} is no program`);
  return file;
}

function directoryOf(word: string): string {
  try {
    const directory = realpathSync(path.resolve(word));
    if (statSync(directory).isDirectory()) return directory;
  } catch (error) {
    throw usage(`cannot use ${word}: ${systemCode(error) ?? 'unknown error'}`, error);
  }
  throw usage(`${word} is no directory`);
}

function exposuresOf(word: string): Exposure[] {
  const exposures = word.split(',').map((part) => {
    const exposure = EXPOSURES.find((known) => known === part.trim());
    if (exposure === undefined) throw usage(`--expose is a list of ${EXPOSURES.join(', ')}`);
    return exposure;
  });
  return [...new Set(exposures)];
}

function timeOf(word: string): string {
  const time = parseTime(word, Date.now(), 1);
  if (time !== undefined) return time;
  throw usage('--expires wants a time such as 2026-12-31T09:00Z, or 12h, 30d');
}

function countOf(word: string): number {
  if (/^\d{1,9}$/.test(word)) return Number(word);
  throw usage('--uses wants a number');
}

function approvalOf(word: string): Policy['approval'] {
  const approval = APPROVALS.find((known) => known === word);
  if (approval !== undefined) return approval;
  throw usage(`--approval is one of ${APPROVALS.join(', ')}, ${ANY}`);
}

function usage(message: string, cause?: unknown): VaultShellError {
  return new VaultShellError('USAGE', message, { hint: 'vault-shell policy --help', cause });
}
