import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { exitStatus } from '../../src/session/exit.ts';
import { openPty } from '../../src/session/pty.ts';
import { MAIN, makeVault, type TestVault } from '../support/cli.ts';
import { ROOT } from '../support/hook-environment.ts';
import { descendantsOf, gone } from '../support/processes.ts';
import { BASE62, seededRandom, type Random } from '../support/random.ts';
import { planStream, type StreamPlan } from './stream-plan.ts';

export interface StreamTotals {
  readonly rounds: number;
  readonly bytes: number;
  /** Rounds in which the reader went away before the end. */
  readonly closed: number;
  readonly ways: Readonly<Record<StreamPlan['way'], number>>;
  /** Sessions that did not start, since the machine was too busy to open the vault in time; they were started again. */
  readonly late: number;
}

/** Secrets in the vault; none occurs in what is written. */
const SECRETS = 30;
/** Longer than what is shown of a value after a pause, shorter than what is masked of one. */
const BEGINNING = 6;
/** Sessions at a time. */
const WORKERS = 2;

/**
 * Runs programs that write at random in sessions whose readers read at random, the first with `firstSeed`, the next with one
 * more, and so on. Throws, with the seed, at the first of which not every byte arrived: of a reader that went away, at
 * the first byte that is not the program's, or the first process that stays.
 */
export async function stressStreams(rounds: number, firstSeed: number): Promise<StreamTotals> {
  const vault = await makeVault();
  try {
    // The same each time, so that a seed says all of a session.
    const letters = seededRandom(0);
    const values = Array.from({ length: SECRETS }, () => letters.text(BASE62, 24));
    const file = path.join(vault.home, 'secrets.env');
    writeFileSync(file, values.map((value, n) => `secret_${n}=${value}\n`).join(''));
    await vault.ok(['import', file]);
    const beginnings = values.map((value) => value.slice(0, BEGINNING));
    const writer = path.join(vault.home, 'writer');
    execFileSync('cc', [
      '-O1',
      '-Wall',
      '-D_GNU_SOURCE',
      '-o',
      writer,
      path.join(ROOT, 'test/stress/writer.c'),
    ]);

    const totals = {
      rounds: 0,
      bytes: 0,
      closed: 0,
      ways: { terminal: 0, 'two pipes': 0, 'one pipe': 0 },
      late: 0,
    };
    const seeds = Array.from({ length: rounds }, (_, n) => firstSeed + n);
    async function work(): Promise<void> {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const random = seededRandom(seed);
        const plan = planStream(random, beginnings);
        try {
          await runRound({ plan, random, vault, writer, name: String(seed) });
        } catch (error) {
          if (error instanceof Late) {
            totals.late++;
            seeds.push(seed);
            continue;
          }
          seeds.length = 0;
          throw new Error(`seed ${seed}, ${describe(plan)}`, { cause: error });
        }
        totals.rounds++;
        totals.bytes += plan.content.length;
        totals.ways[plan.way]++;
        if (plan.closeAt !== undefined) totals.closed++;
      }
    }
    const ends = await Promise.allSettled(Array.from({ length: WORKERS }, work));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return totals;
  } finally {
    vault.remove();
  }
}

interface Round {
  readonly plan: StreamPlan;
  readonly random: Random;
  readonly vault: TestVault;
  readonly writer: string;
  /** Of its files. */
  readonly name: string;
}

async function runRound(round: Round): Promise<void> {
  const { plan, vault, name } = round;
  const content = path.join(vault.home, `${name}.content`);
  writeFileSync(content, plan.content);
  const pieces = plan.pieces.map(({ fd, length, pauseUs }) => `${fd} ${length} ${pauseUs}\n`);
  writeFileSync(path.join(vault.home, `${name}.pieces`), pieces.join(''));
  if (plan.way === 'terminal') await runOnTerminal(round);
  else await runInPipes(round);
  rmSync(content);
}

/** The session, in a shell that is the one a terminal hangs up. */
function commandOf({ plan, writer, name }: Round, redirection: string): string[] {
  const mode = plan.raw ? 'raw' : 'cooked';
  const program = [writer, `${name}.content`, `${name}.pieces`, mode, String(plan.code)];
  return ['-c', `"$@" ${redirection}; exit $?`, 'sh', process.execPath, MAIN, '--', ...program];
}

class ReaderGone extends Error {}

/** What a session says that could not open its vault in 20 s. */
const LATE = Buffer.from("vault-shell: error: the vault's process does not answer");
class Late extends Error {}

async function runOnTerminal(round: Round): Promise<void> {
  const { plan, random, vault } = round;
  const received: Buffer[] = [];
  const pause = pauses(plan, random);
  let total = 0;
  let family: readonly number[] = [];
  const pty = openPty({
    launch: { file: '/bin/sh', args: commandOf(round, '') },
    environment: vault.environment,
    cwd: vault.home,
    size: { columns: 80, rows: 24 },
    onOutput(chunk) {
      received.push(Buffer.from(chunk));
      total += chunk.length;
      if (plan.closeAt === undefined || total < plan.closeAt) return pause();
      family = descendantsOf(pty.pid).map(({ pid }) => pid);
      throw new ReaderGone();
    },
  });
  const resizing = plan.resizes
    ? setInterval(() => pty.resize({ columns: random.below(200), rows: random.below(60) }), 2)
    : undefined;
  const text = plan.content.toString('latin1');
  const expected = plan.raw ? plan.content : Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');
  try {
    const code = exitStatus(await pty.done);
    compare(Buffer.concat(received), expected);
    assert.equal(code, plan.code);
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
    compare(Buffer.concat(received), expected.subarray(0, total));
    await Promise.all(family.map(gone));
  } finally {
    clearInterval(resizing);
  }
}

async function runInPipes(round: Round): Promise<void> {
  const { plan, random, vault } = round;
  const child = spawn('/bin/sh', commandOf(round, plan.way === 'one pipe' ? '2>&1' : ''), {
    env: vault.environment,
    cwd: vault.home,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const closed = once(child, 'close');
  const pause = pauses(plan, random);
  const [out, err] = await Promise.all([
    read(child.stdout, plan.closeAt, pause),
    read(child.stderr, undefined, pause),
  ]);
  const [code]: unknown[] = await closed;
  const expected = (fd: 1 | 2): Buffer =>
    plan.way === 'one pipe' ? plan.content : partOf(plan, fd);
  if (plan.closeAt === undefined) {
    compare(out, expected(1));
    compare(err, plan.way === 'one pipe' ? Buffer.alloc(0) : expected(2));
    assert.equal(code, plan.code);
  } else {
    compare(out, expected(1).subarray(0, out.length));
    compare(err, plan.way === 'one pipe' ? Buffer.alloc(0) : expected(2).subarray(0, err.length));
    assert.ok(code === plan.code || code === 141, `code ${String(code)}`);
  }
}

/** Reads a stream to its end, or closes it after so many bytes. */
async function read(stream: Readable, closeAt: number | undefined, pause: Pause): Promise<Buffer> {
  const received: Buffer[] = [];
  let total = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    received.push(chunk);
    total += chunk.length;
    if (closeAt !== undefined && total >= closeAt) break;
    await pause();
  }
  return Buffer.concat(received);
}

/** What goes to one of the two pipes. */
function partOf(plan: StreamPlan, wanted: 1 | 2): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const { fd, length } of plan.pieces) {
    if (fd === wanted) parts.push(plan.content.subarray(at, at + length));
    at += length;
  }
  return Buffer.concat(parts);
}

type Pause = () => Promise<void> | undefined;

/** Gives what a reader waits for after each read. */
function pauses({ reader }: StreamPlan, random: Random): Pause {
  let stalls = 4;
  return () => {
    if (reader === 'slow' && random.below(4) === 0) return delay(random.below(4));
    if (reader !== 'stalls' || stalls === 0 || random.below(6) > 0) return undefined;
    stalls--;
    return delay(50 + random.below(250));
  };
}

function compare(actual: Buffer, expected: Buffer): void {
  if (actual.equals(expected)) return;
  if (actual.subarray(0, LATE.length).equals(LATE)) throw new Late();
  let at = 0;
  while (at < expected.length && actual[at] === expected[at]) at++;
  const around = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1', at, at + 40));
  throw new Error(
    `${actual.length} bytes instead of ${expected.length}; at ${at} ${around(actual)} instead of ${around(expected)}`,
  );
}

function describe(plan: StreamPlan): string {
  const { content, pieces, ...rest } = plan;
  return JSON.stringify({ ...rest, bytes: content.length, pieces: pieces.length });
}
