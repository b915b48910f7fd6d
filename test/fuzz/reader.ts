import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../support/hook-environment.ts';
import { seededRandom } from '../support/random.ts';
import { removeTree } from '../support/cleanup.ts';

const PROGRAM = path.join(ROOT, 'dist/hook-fuzz');

/**
 * Has the hook's reader of answers, built with ASan and UBSan, parse `count` answers, and ask `asked` times a socket that
 * answers nonsense. Throws with what the sanitizers say.
 */
export async function fuzzReader(count: number, asked: number, seed: number): Promise<void> {
  execFileSync('make', ['-s', '-C', path.join(ROOT, 'shell'), 'fuzz'], { stdio: 'pipe' });
  const run = promisify(execFile);
  await run(PROGRAM, [String(count), String(seed)]);
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-fuzz-'));
  const socketPath = path.join(directory, 'broker');
  const random = seededRandom(seed);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const body = random.bytes(random.below(48));
      const bytes = Buffer.concat([Buffer.alloc(4), body]);
      bytes.writeUInt32LE(random.below(4) === 0 ? random.below(0x1_0000_0000) : body.length);
      if (body.length > 1 && random.below(2) === 0) bytes.set([1, 16 + random.below(3)], 4);
      socket.end(
        bytes.subarray(0, random.below(5) === 0 ? random.below(bytes.length + 1) : undefined),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(socketPath, resolve);
  });
  try {
    await run(PROGRAM, [String(asked), String(seed), socketPath]);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
    });
    removeTree(directory);
  }
}
