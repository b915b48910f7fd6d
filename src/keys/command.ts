import { spawn } from 'node:child_process';
import type { Environment } from '../base/paths.ts';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { KEY_BYTES, parseHexkey } from './hexkey.ts';

/** Long enough for a cloud CLI and a second factor, short enough to notice that it hangs. */
const TIMEOUT_MS = 30_000;
/** A key is 64 digits and a line end; what prints more prints something else. */
const MAX_OUTPUT_BYTES = 1024;

/**
 * Runs `argv` (no shell) and gives the key that it prints: 64 hex digits, or 32 raw bytes. The caller
 * zeroes it. The program's stderr is the terminal's, for its questions; any failure is VAULT_LOCKED.
 */
export async function keyFromCommand(
  argv: readonly string[],
  { environment, timeoutMs = TIMEOUT_MS }: { environment: Environment; timeoutMs?: number },
): Promise<Buffer> {
  const output = await capture(argv, environment, timeoutMs);
  try {
    if (output.length === KEY_BYTES) return Buffer.from(output);
    return parseHexkey(output.toString('latin1').trim());
  } catch (error) {
    throw failed(argv, 'printed something that is no key', error);
  } finally {
    output.fill(0);
  }
}

function capture(
  argv: readonly string[],
  environment: Environment,
  timeoutMs: number,
): Promise<Buffer> {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let reason: string | undefined;
    const child = spawn(program, rest, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    // SIGKILL, and the pipe is dropped: neither the program nor a child that kept it can hold us up.
    const stop = (why: string): void => {
      reason ??= why;
      child.kill('SIGKILL');
      child.stdout.destroy();
    };
    const timer = setTimeout(() => stop(`did not end within ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT_BYTES) stop('printed something that is no key');
      else chunks.push(chunk);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(failed(argv, `cannot be run: ${systemCode(error) ?? 'unknown error'}`, error));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const output = Buffer.concat(chunks);
      for (const chunk of chunks) chunk.fill(0);
      if (reason === undefined && code === 0) return resolve(output);
      output.fill(0);
      reject(failed(argv, reason ?? `ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

function failed(argv: readonly string[], why: string, cause?: unknown): VaultShellError {
  return new VaultShellError('VAULT_LOCKED', `the key command ${argv[0]} ${why}`, {
    hint: 'run it by hand to see what it says',
    cause,
  });
}
