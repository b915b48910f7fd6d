import { createReadStream, fstatSync, openSync, type Stats } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { systemCode, VaultShellError } from '../../base/errors.ts';
import { NeedleSet } from '../../redact/needles.ts';
import { Redactor } from '../../redact/redactor.ts';
import { openOutlet } from '../../session/outlet.ts';
import { readValues } from '../../vault/secrets.ts';
import { withVault } from '../open-vault.ts';
import { openProgress } from '../progress.ts';
import { textOf, type Command } from './command.ts';

const READ_BYTES = 64 * 1024;
/**
 * As a shell tells it of `cat file | head`, so that `set -o pipefail` treats both alike. The signal itself
 * never comes: Node ignores it.
 */
const EXIT_READER_LEFT = 128 + constants.signals.SIGPIPE;

export const redactCommand: Command = {
  usage: 'redact [file]',
  describe: 'copy a file or stdin to stdout with every value of the vault masked',
  build: (parser) =>
    parser
      .positional('file', { type: 'string', describe: 'stdin when it is - or left out' })
      // Or yargs would take a lone - for an option.
      .nargs('file', 1),
  run: async (parsed, context) => {
    const file = textOf(parsed, 'file');
    // Before the vault: nobody is asked for a passphrase in vain.
    const input = openInput(file === '-' ? undefined : file);
    const needles = new NeedleSet();
    try {
      for (const { name, value } of await withVault(context, readValues)) {
        needles.add({ name, value: value.reveal() });
      }
      const isWhole = await copy(input, new Redactor({ needles }));
      return isWhole ? undefined : EXIT_READER_LEFT;
    } finally {
      needles.wipe();
    }
  },
};

interface Input {
  /** As a person is told of it. */
  readonly name: string;
  readonly fd: number;
  /** Of a file that was named, when it was opened; else 0. It may grow or shrink. */
  readonly bytes: number;
  /** It comes in its own time, and is read in the event loop. */
  readonly waits: boolean;
}

function openInput(file: string | undefined): Input {
  const name = file ?? 'the standard input';
  let fd: number;
  let stats: Stats;
  try {
    fd = file === undefined ? 0 : openSync(file, 'r');
    stats = fstatSync(fd);
  } catch (error) {
    throw unreadable(name, systemCode(error), error);
  }
  // Told here because Node takes a directory as stdin for an empty file.
  if (stats.isDirectory()) throw unreadable(name, 'EISDIR');
  if (isOutput(stats)) {
    // It would read what it has written, for ever.
    throw new VaultShellError('REFUSED', `${name} is the file that the output goes to`);
  }
  const waits = fd === 0 && (isatty(fd) || stats.isFIFO() || stats.isSocket());
  return { name, fd, bytes: file !== undefined && stats.isFile() ? stats.size : 0, waits };
}

function isOutput(input: Stats): boolean {
  const output = fstatSync(1);
  return input.isFile() && input.dev === output.dev && input.ino === output.ino;
}

/**
 * Copies to stdout, reading no faster than the reader there takes it. False when that reader left before
 * the end.
 */
async function copy(input: Input, redactor: Redactor): Promise<boolean> {
  let gone = false;
  const outlet = openOutlet(1, redactor, () => {
    gone = true;
  });
  const progress = openProgress(input.bytes);
  const stream = streamOf(input);
  let failure: VaultShellError | undefined;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const later = outlet.write(chunk);
      if (later !== undefined) await later;
      if (gone) break;
      progress?.advance(chunk.length);
    }
  } catch (error) {
    // If it is the redactor's, nothing more may come out, not even what it holds.
    if (error !== stream.errored) throw error;
    failure = unreadable(input.name, systemCode(error), error);
  } finally {
    progress?.erase();
  }
  await outlet.end();
  if (failure !== undefined) throw failure;
  return !gone;
}

function streamOf({ fd, waits }: Input): Readable {
  // The next chunk is read by a worker thread while this one is redacted.
  return waits ? process.stdin : createReadStream('', { fd, highWaterMark: READ_BYTES });
}

function unreadable(name: string, code: string | undefined, cause?: unknown): VaultShellError {
  return new VaultShellError('VAULT_IO', `cannot read ${name}: ${code ?? 'unknown error'}`, {
    cause,
  });
}
