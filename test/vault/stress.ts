import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createVault } from '../../src/vault/create.ts';
import { STORAGE_MODES, type StorageMode } from '../../src/vault/files.ts';
import { closeVault, openVault, READ, withDatabase } from '../../src/vault/open.ts';
import { KEY } from './fixture.ts';
import { removeTree } from '../support/cleanup.ts';

/**
 * `stress [SECONDS]`: writes to one vault from 8 processes at once, for so long in each storage mode, and
 * prints what came of it. Half the processes stay; the other half end after a few rounds and are replaced,
 * as one-shot commands are. Ends with 1 when a row that was acknowledged is lost, or when the default
 * mode aborted or failed.
 */

const WRITER = fileURLToPath(new URL('writer.js', import.meta.url));
const LANES = 8;
const ROUNDS_OF_SHORT_ONES = 5;
const DEFAULT_SECONDS = 30;

interface Tally {
  readonly acknowledged: string[];
  readonly errors: string[];
  processes: number;
  aborts: number;
  slowestMs: number;
}

async function main(seconds: number): Promise<number> {
  const table: Record<string, Record<string, number | string>> = {};
  let failed = false;
  for (const storage of STORAGE_MODES) {
    const { tally, rows, lost, integrity } = await stress(storage, seconds);
    table[storage] = {
      processes: tally.processes,
      operations: tally.acknowledged.length * 2,
      'rows in the log': rows,
      'acknowledged rows lost': lost,
      aborts: tally.aborts,
      errors: tally.errors.length,
      'slowest pair (ms)': Math.round(tally.slowestMs),
      integrity,
    };
    for (const error of new Set(tally.errors)) process.stderr.write(`${storage}: ${error}\n`);
    const unclean = tally.aborts > 0 || tally.errors.length > 0;
    failed ||= lost > 0 || integrity !== 'ok' || (storage === 'exclusive' && unclean);
  }
  console.table(table);
  return failed ? 1 : 0;
}

async function stress(
  storage: StorageMode,
  seconds: number,
): Promise<{ tally: Tally; rows: number; lost: number; integrity: string }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'vault-stress-'));
  try {
    await createVault(directory, { key: KEY, storage });
    const tally: Tally = { acknowledged: [], errors: [], processes: 0, aborts: 0, slowestMs: 0 };
    const end = performance.now() + seconds * 1000;
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      runLane(directory, lane % 2 === 0 ? 0 : ROUNDS_OF_SHORT_ONES, end, tally),
    );
    await Promise.all(lanes);
    return { tally, ...(await countLost(directory, tally.acknowledged)) };
  } finally {
    removeTree(directory);
  }
}

/** Runs writers one after the other until the time is over; the last one is killed. */
async function runLane(
  directory: string,
  rounds: number,
  end: number,
  tally: Tally,
): Promise<void> {
  while (performance.now() < end) {
    const child = spawn(process.execPath, [WRITER, directory, String(rounds)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    tally.processes += 1;
    let stderr = '';
    let last: number | undefined;
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    createInterface({ input: child.stdout }).on('line', (line) => {
      tally.acknowledged.push(line);
      const now = performance.now();
      if (last !== undefined) tally.slowestMs = Math.max(tally.slowestMs, now - last);
      last = now;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(0, end - performance.now()));
    await once(child, 'close');
    clearTimeout(timer);
    if (child.signalCode === 'SIGABRT') tally.aborts += 1;
    else if (child.signalCode !== 'SIGKILL' && child.exitCode !== 0) {
      tally.errors.push(/VaultShellError: (.*)/.exec(stderr)?.[1] ?? stderr.slice(0, 200));
    }
  }
}

async function countLost(
  directory: string,
  acknowledged: readonly string[],
): Promise<{ rows: number; lost: number; integrity: string }> {
  const vault = openVault(directory, KEY);
  try {
    return await withDatabase(
      vault,
      async (database) => {
        const rows = await database.all('SELECT operation FROM audit_log ORDER BY id');
        const kept = new Set(rows.map((row) => row['operation']));
        const check = await database.get('PRAGMA integrity_check');
        return {
          rows: rows.length,
          lost: acknowledged.filter((operation) => !kept.has(operation)).length,
          integrity: String(check?.['integrity_check']),
        };
      },
      READ,
    );
  } finally {
    await closeVault(vault);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await main(Number(process.argv[2] ?? DEFAULT_SECONDS));
}
