import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from '../base/paths.ts';
import type { ProcessName } from '../vault/types.ts';
import { agentOfProcess, agentOfVariables } from './agents.ts';

/** Who asks for a value, as far as the system tells. */
export interface Asker {
  readonly pid: number;
  /** Real path; its bare name where that cannot be read, empty where nothing can. */
  readonly program: string;
  /** Nearest first, up to the session, which is not among them. */
  readonly parents: readonly ProcessName[];
  /** The coding agent it works for. */
  readonly agent: string | undefined;
}

/** An interpreter's few options, and the script. */
const ARGV_WORDS = 8;
/** More than any real chain of shells and tools; a row must not grow without end. */
const MAX_PARENTS = 32;

/**
 * Gives what is known of a process now. Its parents are followed to the session, or to the first process
 * where the session is none of them (as with 0). An agent may be one of them, may have marked their environment, or
 * may have started the session. Only from /proc: elsewhere all but the pid is empty.
 *
 * `environment` is this process' own, which /proc hides from it once it cannot be traced. What is given is
 * for the log, not for a decision: a process can give itself another name and environment.
 */
export function describeProcess(
  pid: number,
  sessionPid: number,
  environment: Environment = {},
): Asker {
  const own = lookAt(pid);
  if (own === undefined) return { pid, program: '', parents: [], agent: undefined };
  const parents = ancestorsOf(own, sessionPid);
  const agent =
    agentAmong([own, ...parents]) ??
    agentOfVariables(variablesOf(pid, environment)) ??
    (sessionPid === 0 ? undefined : agentAround(sessionPid, environment));
  return { pid, program: own.program, parents: parents.map(nameOf), agent };
}

/** Gives the real path of what a process is about to run; as it was named where there is none. */
export function programPath(program: string, cwd: string, pid: number): string {
  // Descriptors are told by the asking process' own numbers.
  const named = program.replace(/^(\/proc\/self|\/dev)(?=\/fd\/)/, `/proc/${String(pid)}`);
  const file = path.resolve(cwd, named);
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

interface Looks extends ProcessName {
  readonly parent: number;
  readonly name: string;
}

/** What started a session stays the same as long as it runs. */
const around = new Map<number, string | undefined>();

function agentAround(sessionPid: number, environment: Environment): string | undefined {
  if (!around.has(sessionPid)) {
    const session = lookAt(sessionPid);
    const agent =
      session === undefined
        ? undefined
        : (agentAmong(ancestorsOf(session, 0)) ??
          agentOfVariables(variablesOf(sessionPid, environment)));
    around.set(sessionPid, agent);
  }
  return around.get(sessionPid);
}

function ancestorsOf(own: Looks, sessionPid: number): Looks[] {
  const found: Looks[] = [];
  for (let at = own.parent; at > 0 && at !== sessionPid && found.length < MAX_PARENTS;) {
    const looks = lookAt(at);
    if (looks === undefined) break;
    found.push(looks);
    at = looks.parent;
  }
  return found;
}

function agentAmong(chain: readonly Looks[]): string | undefined {
  for (const looks of chain) {
    const agent = agentOfProcess({ ...looks, argv: argvOf(looks.pid) });
    if (agent !== undefined) return agent;
  }
  return undefined;
}

/** Undefined when the process is gone, or where there is no /proc. */
function lookAt(pid: number): Looks | undefined {
  const stat = read(pid, 'stat');
  // The name stands in brackets and may hold any character, brackets too.
  const match = /^\d+ \((.*)\) \S (\d+) /s.exec(stat ?? '');
  if (match === null) return undefined;
  const [, name = '', parent = '0'] = match;
  return { pid, name, parent: Number(parent), program: executableOf(pid) ?? name };
}

function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${String(pid)}/exe`);
  } catch {
    // Another user's, or one that has protected itself.
    return undefined;
  }
}

/** Gives the first words of a process' command line; none where that cannot be read. */
export function argvOf(pid: number): string[] {
  return (read(pid, 'cmdline') ?? '').split('\0', ARGV_WORDS);
}

/** Gives the environment that a process was started with; empty where that cannot be read. */
export function environmentOf(pid: number): Environment {
  const entries = (read(pid, 'environ') ?? '').split('\0').map((entry) => {
    const equals = entry.indexOf('=');
    return [entry.slice(0, equals), entry.slice(equals + 1)] as const;
  });
  return Object.fromEntries(entries);
}

function variablesOf(pid: number, environment: Environment): (variable: string) => boolean {
  if (pid === process.pid) return (variable) => environment[variable] !== undefined;
  const text = `\0${read(pid, 'environ') ?? ''}`;
  return (variable) => text.includes(`\0${variable}=`);
}

function read(pid: number, file: 'stat' | 'cmdline' | 'environ'): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}

function nameOf({ pid, program }: Looks): ProcessName {
  return { pid, program };
}
