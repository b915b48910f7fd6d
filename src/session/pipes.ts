import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync } from 'node:fs';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { deferred } from './deferred.ts';
import { signalNumber, type Exit } from './exit.ts';
import type { Filter } from './filter.ts';
import { native } from '../base/native.ts';
import { openOutlet, type Outlet } from './outlet.ts';
import { checkDirectory, checkExecutable, type Launch } from './program.ts';
import { onSignals } from './signals.ts';
import { openSource, type Source } from './source.ts';

export type PipesOptions = {
  readonly launch: Launch;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /**
   * Makes the filter of one outward stream. Called once when standard output and standard error are one
   * and the same file (`2>&1`), so that the order between them stays; else twice.
   */
  readonly makeFilter: () => Filter;
  /** Called with the ends of the pipes that the program is about to be given. */
  readonly onOutputs?: (fds: readonly number[]) => void;
  /** Called when the program has been started. */
  readonly onStart?: (pid: number) => void;
  /** Ends the program at once, with SIGKILL. */
  readonly stop?: AbortSignal;
};

/**
 * Runs a program with our standard input, and with real pipes for its two outputs, in our own process group
 * and session (so that who kills the group kills all of it). Gives how the program ended.
 *
 * Resolves when the program has ended and nobody holds its outputs any more, as a bare shell's pipe stays
 * open for `server &`. Only after a signal to us it does not wait for those others.
 */
export async function runInPipes(options: PipesOptions): Promise<Exit> {
  checkExecutable(options.launch.file);
  checkDirectory(options.cwd);
  options.stop?.throwIfAborted();
  const streams = isSameFile(1, 2)
    ? [openStream([1, 2], options.makeFilter())]
    : [openStream([1], options.makeFilter()), openStream([2], options.makeFilter())];

  let child: ChildProcess;
  try {
    options.onOutputs?.(streams.map(({ writeEnd }) => writeEnd));
    child = start(options, streams);
  } catch (error) {
    for (const stream of streams) stream.source.close();
    throw error;
  } finally {
    for (const stream of streams) closeSync(stream.writeEnd);
  }
  const ended = exitOf(child);
  const { told, release } = passSignals(child, options.stop);
  try {
    if (child.pid !== undefined) options.onStart?.(child.pid);
    const exit = await ended;
    // Whatever a signal left behind may hold the pipes for ever.
    await Promise.all(
      streams.map(({ source }) => Promise.race([source.ended, told.then(() => source.drain())])),
    );
    await Promise.all(streams.map(({ outlet }) => outlet.end()));
    return exit;
  } finally {
    release();
    for (const stream of streams) stream.source.close();
  }
}

type Stream = {
  /** The child's descriptors for it. */
  readonly numbers: readonly number[];
  /** The child's end. */
  readonly writeEnd: number;
  readonly source: Source;
  readonly outlet: Outlet;
};

/** Makes the pipe behind our descriptors `numbers`, which are one and the same file. */
function openStream(numbers: readonly [number, ...number[]], filter: Filter): Stream {
  const [readEnd, writeEnd] = native().pipe();
  // Nobody reads any more: with our end closed, the program hears it as it would from its own reader.
  const outlet = openOutlet(numbers[0], filter, () => {
    source.close();
  });
  const source = openSource(readEnd, 'pipe', outlet.write, () => undefined);
  return { numbers, writeEnd, source, outlet };
}

function start(options: PipesOptions, streams: readonly Stream[]): ChildProcess {
  const writeEndOf = (number: number): number | 'ignore' =>
    streams.find((stream) => stream.numbers.includes(number))?.writeEnd ?? 'ignore';
  try {
    return spawn(options.launch.file, options.launch.args, {
      cwd: options.cwd,
      env: options.environment,
      stdio: ['inherit', writeEndOf(1), writeEndOf(2)],
    });
  } catch (error) {
    throw cannotStart(error);
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(cannotStart(error));
    });
    child.once('exit', (code, signal) => {
      resolve(
        signal === null
          ? { code: code ?? 1, signal: 0 }
          : { code: 0, signal: signalNumber(signal) },
      );
    });
  });
}

function cannotStart(error: unknown): VaultShellError {
  const code = systemCode(error) ?? 'unknown error';
  return new VaultShellError(
    code === 'ENOENT' ? 'NOT_FOUND' : 'NOT_EXECUTABLE',
    `cannot start the program: ${code}`,
    { cause: error },
  );
}

/** Passes on what reaches us. `told` resolves with the first signal that asks to end. */
function passSignals(
  child: ChildProcess,
  stop: AbortSignal | undefined,
): { told: Promise<unknown>; release: () => void } {
  const told = deferred<undefined>();
  function onTold(): void {
    told.resolve(undefined);
  }
  function pass(signal: NodeJS.Signals): () => void {
    return () => {
      // Nothing once the child has been reaped.
      child.kill(signal);
      onTold();
    };
  }
  // The terminal sends these to every process of the job in front, the child among them; a second one would
  // mean something else ("press Ctrl-C again to force").
  function passFromElsewhere(signal: NodeJS.Signals): () => void {
    const always = pass(signal);
    return () => {
      if (isInFront()) onTold();
      else always();
    };
  }
  const kill = pass('SIGKILL');
  const remove = onSignals({
    SIGTERM: pass('SIGTERM'),
    SIGHUP: pass('SIGHUP'),
    SIGINT: passFromElsewhere('SIGINT'),
    SIGQUIT: passFromElsewhere('SIGQUIT'),
  });
  stop?.addEventListener('abort', kill);
  return {
    told: told.promise,
    release() {
      remove();
      stop?.removeEventListener('abort', kill);
    },
  };
}

/** Whether one of our descriptors is our controlling terminal, and we are the job it sends its signals to. */
function isInFront(): boolean {
  return [0, 1, 2].some((fd) => {
    try {
      return native().foregroundGroup(fd) === native().ownGroup();
    } catch {
      return false;
    }
  });
}

function isSameFile(one: number, other: number): boolean {
  const [first, second] = [fstatSync(one), fstatSync(other)];
  return first.dev === second.dev && first.ino === second.ino;
}
