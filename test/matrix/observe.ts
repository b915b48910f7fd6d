import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { fnv } from '../support/fnv.ts';
import { findHolders } from '../support/holders.ts';
import type { HookSession } from '../support/hook-environment.ts';
import { findProgram } from '../support/programs.ts';
import { PLACEHOLDER, type Command, type Place, type Result, type Shop, type Way } from './way.ts';

/** What one way did: a result, why it was not run here, or what went wrong. */
export type Observed =
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'not run'; readonly why: string }
  | { readonly kind: 'wrong'; readonly what: string };

interface Sighting {
  readonly argv: string;
  readonly env: string;
  /** Processes of the session other than the target that have the value. */
  readonly holders: readonly string[];
}

/** Starts the target in one way, in a session whose vault has `value` as `gh`. */
export async function observe(
  session: HookSession,
  value: string,
  way: Way,
  place: Place,
  shop: Shop,
): Promise<Observed> {
  const absent = (way.needs ?? []).filter((name) => findProgram(name) === undefined);
  if (absent.length > 0) return { kind: 'not run', why: `${absent.join(', ')} is not installed` };
  const command = way.command(shop, place);
  if (command === undefined) return { kind: 'not run', why: 'cannot be made here' };
  const watch = await watchTarget(shop, value);
  const from = session.store.rows.length;
  try {
    for (const [program = '', ...args] of command.before ?? []) execFileSync(program, args);
    const ended = await start(session, command, shop);
    if (command.after !== undefined) await watch.first;
    const sightings = watch.sightings();
    const ran = session.store.rows.slice(from).filter((row) => row.outcome === 'ran').length;
    return judge(sightings, ran, place, value, `${ended.stdout}${ended.stderr}`);
  } finally {
    await watch.close();
    const [program, ...args] = command.after ?? [];
    if (program !== undefined) execFileSync(program, args, { stdio: 'ignore' });
  }
}

async function start(
  session: HookSession,
  { file, args, env, input }: Command,
  { directory }: Shop,
): Promise<{ stdout: string; stderr: string }> {
  // By a shell, as in a session: so the launcher itself goes through the hook.
  return session.run('/bin/sh', ['-c', '"$@"', 'sh', findProgram(file) ?? file, ...args], {
    cwd: directory,
    env: { HOME: directory, ...env },
    ...(input === undefined ? {} : { input }),
  });
}

function judge(
  sightings: readonly Sighting[],
  ran: number,
  place: Place,
  value: string,
  output: string,
): Observed {
  if (output.includes(value)) return { kind: 'wrong', what: 'the value is in the output' };
  const [seen, another] = sightings;
  if (another !== undefined) return { kind: 'wrong', what: 'the target was started twice' };
  if (seen === undefined) {
    if (ran === 0 && output.includes('vault-shell: error: ')) return found('refused');
    return { kind: 'wrong', what: `the target was not started: ${output}` };
  }
  const holders = seen.holders.length > 0;
  if (seen[place] === fnv(value) && ran === 1) {
    return found(holders ? 'value, through the launcher' : 'value');
  }
  if (seen[place] === fnv(PLACEHOLDER) && ran === 0 && !holders) return found('text');
  return { kind: 'wrong', what: `${ran} grants, held by: ${seen.holders.join('; ')}; ${output}` };
}

function found(result: Result): Observed {
  return { kind: 'result', result };
}

/** Listens where the target tells what it was given; looks at all other processes while it waits. */
async function watchTarget(
  shop: Shop,
  value: string,
): Promise<{ first: Promise<void>; sightings(): readonly Sighting[]; close(): Promise<void> }> {
  const sightings: Sighting[] = [];
  const open = new Set<Socket>();
  let tell: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const see = async (line: string): Promise<void> => {
    const [pid = '', argv = '', env = ''] = line.trim().split(' ');
    sightings.push({ argv, env, holders: await findHolders(value, Number(pid)) });
  };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (line: Buffer) => {
      void see(line.toString()).finally(() => {
        socket.end();
        tell();
      });
    });
  });
  const file = path.join(shop.directory, 'seen');
  await new Promise<void>((resolve) => {
    server.listen(file, resolve);
  });
  chmodSync(file, 0o777);
  return {
    first,
    sightings: () => sightings,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
