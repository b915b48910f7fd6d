import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MAIN, makeVault, randomValue, type AuditEntry, type TestVault } from '../support/cli.ts';
import { fnv } from '../support/fnv.ts';
import { ROOT } from '../support/hook-environment.ts';
import { descendantsOf, gone, type Process } from '../support/processes.ts';
import type { Random } from '../support/random.ts';

const VICTIMS = ['session', 'vault process', 'shell', 'target'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface Killed {
  /** How many of each were killed; a victim may have ended by itself first. */
  readonly killed: Readonly<Record<Victim, number>>;
  /** Programs that recorded what they were given. */
  readonly released: number;
}

/** Uses in one round; a kill comes somewhere among them, or before. */
const USES = 12;
/** About as long as a round takes. */
const MAX_DELAY_MS = 700;

/**
 * Runs sessions in which programs are given a value, and kills a process of each at a random moment. Throws unless every
 * program that had the value has its row, and none ran without it.
 */
export async function stressKills(rounds: number, random: Random): Promise<Killed> {
  const vault = await makeVault();
  try {
    const value = randomValue();
    await vault.set('gh', value);
    const recorder = path.join(vault.home, 'recorder');
    execFileSync('cc', ['-O1', '-o', recorder, path.join(ROOT, 'test/stress/recorder.c')]);
    const killed = { session: 0, 'vault process': 0, shell: 0, target: 0 };
    for (let round = 0; round < rounds; round++) {
      const victim = VICTIMS[round % VICTIMS.length] ?? 'session';
      if (await runRound(vault, recorder, round, victim, random)) killed[victim] += 1;
    }
    return { killed, released: await checkRows(vault, value) };
  } finally {
    vault.remove();
  }
}

const RECORDS = 'records';

/** Gives whether the victim was there to be killed. */
async function runRound(
  vault: TestVault,
  recorder: string,
  round: number,
  victim: Victim,
  random: Random,
): Promise<boolean> {
  const uses = Array.from({ length: USES }, (_, use) => `${round}-${use}`).join(' ');
  const script = `for use in ${uses}; do "${recorder}" ${RECORDS} $use "$VAULT<gh>"; done; true`;
  const session = spawn(process.execPath, [MAIN, '-c', script], {
    env: vault.environment,
    cwd: vault.home,
    stdio: 'ignore',
  });
  const root = session.pid ?? 0;
  // Orphans of a killed session would be lost sight of: they are ours until they end.
  const ended = new Promise<void>((resolve) => session.once('exit', () => resolve()));
  const moment = new Promise<void>((resolve) => {
    setTimeout(resolve, random.below(MAX_DELAY_MS));
  });
  await Promise.race([moment, ended]);
  let family = descendantsOf(root);
  let pid = choose(family, root, recorder, victim);
  // A target is there for a moment only: the next one will do.
  while (pid === undefined && session.exitCode === null) {
    await new Promise((resolve) => setImmediate(resolve));
    family = descendantsOf(root);
    pid = choose(family, root, recorder, victim);
  }
  const hit = pid !== undefined && kill(pid);
  await ended;
  // What outlives its session has no broker, and ends at its next use.
  await Promise.all(family.map(({ pid: left }) => gone(left)));
  return hit;
}

function choose(
  family: readonly Process[],
  root: number,
  recorder: string,
  victim: Victim,
): number | undefined {
  switch (victim) {
    case 'session':
      return root;
    case 'vault process':
      return family.find(({ command }) => command.includes('child-main'))?.pid;
    case 'shell':
      return family.find(({ parent, command }) => parent === root && command.includes('for use'))
        ?.pid;
    case 'target':
      return family.find(({ command, parent }) => command.startsWith(recorder) && parent !== root)
        ?.pid;
    default:
      return victim satisfies never;
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

async function checkRows(vault: TestVault, value: string): Promise<number> {
  const file = path.join(vault.home, RECORDS);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  const text = await vault.ok(['audit', '--json', '--limit', '1000000']);
  const rows: readonly AuditEntry[] = JSON.parse(text);
  const uses = rows.flatMap(({ outcome, command }) =>
    outcome === 'ran' ? [/ records (\S+) /.exec(command)?.[1]] : [],
  );
  assert.equal(new Set(uses).size, uses.length, 'no use has two rows');
  for (const line of lines) {
    const [use = '', hash] = line.split(' ');
    assert.equal(hash, fnv(value), `${use} ran with its value`);
    assert.ok(uses.includes(use), `${use} has its row`);
  }
  return lines.length;
}
