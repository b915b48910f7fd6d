import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { native } from '../../src/base/native.ts';

/** A process that takes longer has not been ended; it is not a limit anything should come near. */
const GIVE_UP_MS = 20_000;
const POLL_MS = 5;

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Its arguments, joined by blanks; empty for one that has ended. */
  readonly command: string;
}

/** Gives the descendants of a process, parents first; what `except` started, and itself, are left out. */
export function descendantsOf(root: number, except = 0): Process[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = native().parentOf(Number(name));
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // it has ended
    }
  }
  const found: Process[] = [];
  for (let parents = [root]; parents.length > 0;) {
    const next = parents.flatMap((parent) =>
      (children.get(parent) ?? [])
        .filter((pid) => pid !== except)
        .map((pid) => ({ pid, parent, command: commandOf(pid) })),
    );
    found.push(...next);
    parents = next.map(({ pid }) => pid);
  }
  return found;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** What lets root look into any process. */
const ROOT_RIGHTS = ['sys_ptrace', 'perfmon', 'sys_admin'];

/** Gives a command that runs another as an ordinary user has it run: by root, without these rights. */
export function ordinarily(
  ...command: readonly string[]
): readonly [file: string, ...args: string[]] {
  const [file = '', ...args] = command;
  if (process.getuid?.() !== 0) return [file, ...args];
  const without = ROOT_RIGHTS.map((right) => `-${right}`).join(',');
  return ['setpriv', `--bounding-set=${without}`, file, ...args];
}

/** Whether another process of its user may look into the memory of one that was started `ordinarily`. */
export function isOpenToOthers(pid: number | string): boolean {
  const [file, ...args] = ordinarily('cat', `/proc/${pid}/environ`);
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0;
}

/** Resolves when a process has ended, reaped or not. Rejects when it stays. */
export async function gone(pid: number): Promise<void> {
  await reach(pid, ['ended', 'Z', 'X']);
}

/** Resolves when a process is stopped. */
export async function stopped(pid: number): Promise<void> {
  await reach(pid, ['T']);
}

async function reach(pid: number, wanted: readonly string[]): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (let state = stateOf(pid); !wanted.includes(state); state = stateOf(pid)) {
    if (performance.now() > deadline)
      throw new Error(`${pid} is still ${state}: ${commandOf(pid)}`);
    await delay(POLL_MS);
  }
}

function stateOf(pid: number): string {
  try {
    return /\) (.) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    return 'ended';
  }
}
