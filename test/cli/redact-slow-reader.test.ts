import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { native } from '../../src/base/native.ts';
import { MAIN, makeVault, randomValue, type TestVault } from '../support/cli.ts';

const MEBIBYTE = 1024 * 1024;
const LARGE_BYTES = 60 * MEBIBYTE;
/** Of what a reader has not taken: a pipe's 64 KiB, and chunks of 64 KiB being read and written. */
const MAX_LEAD_BYTES = MEBIBYTE;
const MAX_MEMORY_BYTES = 200 * MEBIBYTE;
const LINE = '2024-11-25T12:00:00Z INFO a line of a log, as long as they are\n';

describe('redact with a slow reader', { skip: process.platform !== 'linux' }, () => {
  let vault: TestVault;
  const value = randomValue();
  const expected = Buffer.alloc(LARGE_BYTES, LINE);
  before(async () => {
    vault = await makeVault();
    await vault.set('t', value);
    const text = Buffer.from(expected);
    text.write(value);
    text.write(value, LARGE_BYTES - value.length);
    writeFileSync(at('large'), text);
    expected.fill('=', 0, value.length).write('***');
    expected.fill('=', LARGE_BYTES - value.length).write('***', LARGE_BYTES - value.length);
  });
  after(() => vault.remove());

  function at(name: string): string {
    return path.join(vault.home, name);
  }

  /** Starts `redact` with a real pipe as its stdout, which the test reads when it likes. */
  function start(args: readonly string[], stdin: number | 'ignore' = 'ignore'): SlowReader {
    const [readEnd, writeEnd] = native().pipe();
    const child = spawn(process.execPath, [MAIN, 'redact', ...args], {
      env: vault.environment,
      cwd: vault.home,
      detached: true,
      stdio: [stdin, writeEnd, 'pipe'],
    });
    closeSync(writeEnd);
    return { child, readEnd, ended: endOf(child) };
  }

  for (const from of ['FILE', 'stdin'] as const) {
    test(`it reads no farther than the reader, and its memory stays small: ${from}`, async () => {
      const source = from === 'stdin' ? startCat() : undefined;
      const { child, readEnd, ended } = start(
        from === 'stdin' ? [] : ['large'],
        source?.readEnd ?? 'ignore',
      );
      if (source !== undefined) closeSync(source.readEnd);
      const { pid = 0 } = child;
      try {
        const out = Buffer.alloc(LARGE_BYTES);
        let length = 0;
        let pauseAt = MEBIBYTE;
        let lead = 0;
        let memory = 0;
        for (;;) {
          // Not at the end: what fits into the pipe is nobody's to wait for.
          if (length > pauseAt && length < LARGE_BYTES - MEBIBYTE) {
            pauseAt += 4 * MEBIBYTE;
            await untilAsleep(pid);
            const reader = source?.pid ?? pid;
            lead = Math.max(lead, positionIn(reader, at('large')) - length);
            memory = peakMemory(pid);
          }
          const some = readSync(readEnd, out, length, out.length - length, null);
          if (some === 0) break;
          length += some;
        }
        assert.deepEqual(await ended, { code: 0, stderr: '' });
        assert.ok(out.subarray(0, length).equals(withoutFiller(expected)));
        assert.ok(lead > 0 && lead <= MAX_LEAD_BYTES, `${lead} bytes ahead`);
        assert.ok(memory > 0 && memory < MAX_MEMORY_BYTES, `${memory} bytes of memory`);
      } finally {
        child.kill('SIGKILL');
        source?.child.kill('SIGKILL');
        closeSync(readEnd);
      }
    });
  }

  function startCat(): { child: ChildProcess; readEnd: number; pid: number } {
    const [readEnd, writeEnd] = native().pipe();
    const child = spawn('cat', [at('large')], { stdio: ['ignore', writeEnd, 'inherit'] });
    closeSync(writeEnd);
    return { child, readEnd, pid: child.pid ?? 0 };
  }

  for (const [what, change, check] of [
    [
      'shrinks',
      (file: string) => truncateSync(file, 1000),
      (out: string) => LINE.repeat(MEBIBYTE).startsWith(out) && out.length < 2 * MEBIBYTE,
    ],
    [
      'grows',
      (file: string) => appendFileSync(file, `more ${value}\n`),
      (out: string) => out.length > 3 * MEBIBYTE && out.endsWith(`${LINE}more ***\n`),
    ],
  ] as const) {
    test(`a FILE that ${what} while it is read is copied as it is found`, async () => {
      const file = at(what);
      writeFileSync(file, LINE.repeat(Math.ceil((3 * MEBIBYTE) / LINE.length)));
      const { child, readEnd, ended } = start([what]);
      try {
        const out = Buffer.alloc(4 * MEBIBYTE);
        let length = readSync(readEnd, out);
        await untilAsleep(child.pid ?? 0);
        change(file);
        for (;;) {
          const some = readSync(readEnd, out, length, out.length - length, null);
          if (some === 0) break;
          length += some;
        }
        assert.deepEqual(await ended, { code: 0, stderr: '' });
        assert.ok(check(out.toString('latin1', 0, length)), `${length} bytes`);
      } finally {
        child.kill('SIGKILL');
        closeSync(readEnd);
      }
    });
  }

  /** `expected` was filled up to keep its length: a mask is shorter than a value. */
  function withoutFiller(bytes: Buffer): Buffer {
    const filler = value.length - 3;
    return Buffer.concat([bytes.subarray(0, 3), bytes.subarray(3 + filler, bytes.length - filler)]);
  }
});

interface SlowReader {
  readonly child: ChildProcess;
  readonly readEnd: number;
  readonly ended: Promise<{ code: unknown; stderr: string }>;
}

async function endOf(child: ChildProcess): Promise<{ code: unknown; stderr: string }> {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code]: unknown[] = await once(child, 'close');
  return { code, stderr };
}

/** Waits until no thread of a process has anything to do but wait. */
async function untilAsleep(pid: number): Promise<void> {
  while (!readdirSync(`/proc/${pid}/task`).every((thread) => stateOf(pid, thread) === 'S')) {
    await turn();
  }
}

function stateOf(pid: number, thread: string): string {
  return /\) (.)/.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1'))?.[1] ?? '';
}

/** How far a process has read a file; Infinity when it has it open no more. */
function positionIn(pid: number, file: string): number {
  const fd = readdirSync(`/proc/${pid}/fd`).find(
    (name) => readlinkSync(`/proc/${pid}/fd/${name}`) === file,
  );
  if (fd === undefined) return Infinity;
  const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
  return Number(/^pos:\s+(\d+)/.exec(text)?.[1]);
}

function peakMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1]);
}
