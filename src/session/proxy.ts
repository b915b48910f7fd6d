import type { AskHuman } from '../broker/approval.ts';
import { openDialogs } from './dialog.ts';
import type { Exit } from './exit.ts';
import type { Filter } from './filter.ts';
import { openKeyboard } from './keyboard.ts';
import { followModes } from './modes.ts';
import { openOutlet } from './outlet.ts';
import type { Launch } from './program.ts';
import { openPty, type Pty } from './pty.ts';
import { onSignals } from './signals.ts';
import { openStage } from './stage.ts';
import { takeTerminal } from './terminal.ts';

export type ProxyOptions = {
  readonly launch: Launch;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Everything the program shows passes it. */
  readonly filter: Filter;
  /** The outer terminal; standard input and output unless given. */
  readonly input?: number;
  readonly output?: number;
  /** Called when the program has been started. */
  readonly onStart: (program: StartedProgram) => void;
  /** Ends the program at once, with SIGKILL. */
  readonly stop?: AbortSignal;
};

export type StartedProgram = {
  readonly pid: number;
  /**
   * Gives the inner terminal the modes the outer one was found in (its erase character, flow control...). To
   * be called while the program cannot run, which is as long as its hook waits for the answer to its
   * hello: later it would undo modes that the program has set.
   */
  readonly inheritModes: () => void;
  /**
   * Lets through what is typed. Not before the program is known to be hooked: the inner terminal echoes what was
   * typed ahead, and nothing may come out until then.
   */
  readonly listen: () => void;
  /** Asks in a dialog on the outer terminal. The program neither sees it nor what is typed meanwhile. */
  readonly ask: AskHuman;
};

/** How long a program that was told to end may take, before it is told more firmly. */
const GRACE_MS = 2000;

/**
 * Runs a program in a PTY of its own, with the outer terminal in raw mode and the filter between them.
 * Gives how the program ended; by then all its output is written and the outer terminal is as it was.
 *
 * A signal that asks us to end goes to the program, and we end with it.
 */
export async function runInTerminal(options: ProxyOptions): Promise<Exit> {
  const { input = 0, output = 1, stop } = options;
  stop?.throwIfAborted();
  const terminal = takeTerminal(input);
  try {
    const modes = followModes();
    const outlet = openOutlet(
      output,
      options.filter,
      () => {
        hangUp();
      },
      modes,
    );
    const pty = openPty({
      launch: options.launch,
      environment: options.environment,
      cwd: options.cwd,
      size: terminal.size(),
      onOutput: outlet.write,
    });
    const keyboard = openKeyboard(input);
    const dialogs = openDialogs(
      openStage({
        sink: outlet.stage,
        modes,
        environment: options.environment,
        size: () => terminal.size(),
        listen: keyboard.divert,
        resize: pty.resize,
      }),
    );
    // Nobody is left to answer, or for whom.
    const closeDialogs = (): void => void dialogs.close();
    void pty.exited.then(closeDialogs);
    const { hangUp, release } = passSignals(pty, stop, closeDialogs);
    terminal.onResize(() => {
      pty.resize(terminal.size());
      dialogs.resized();
    });
    try {
      options.onStart({
        pid: pty.pid,
        inheritModes: () => {
          pty.setModes(terminal.modes);
        },
        listen: () => {
          keyboard.passTo(pty, outlet, hangUp);
        },
        ask: dialogs.ask,
      });
      return await pty.done;
    } catch (error) {
      pty.kill('SIGKILL');
      await pty.done.catch(() => undefined);
      throw error;
    } finally {
      release();
      await dialogs.close();
      keyboard.close();
      await outlet.end();
    }
  } finally {
    terminal.restore();
  }
}

function passSignals(
  pty: Pty,
  stop: AbortSignal | undefined,
  onHangUp: () => void,
): { hangUp: () => void; release: () => void } {
  const timers: NodeJS.Timeout[] = [];
  let hungUp = false;

  function later(action: () => void): void {
    timers.push(setTimeout(action, GRACE_MS));
  }
  function kill(): void {
    pty.kill('SIGKILL');
  }
  // A window that is closed is heard of several times: by SIGHUP, by the end of the input, by what cannot be written.
  function hangUp(): void {
    if (hungUp) return;
    hungUp = true;
    onHangUp();
    pty.hangUp();
    later(kill);
  }

  const removeSignals = onSignals({
    // Interactive shells do not listen to SIGTERM, but do to a hang-up.
    SIGTERM: () => {
      pty.kill('SIGTERM');
      later(hangUp);
    },
    SIGHUP: hangUp,
    SIGINT: () => {
      pty.interrupt('SIGINT');
    },
    SIGQUIT: () => {
      pty.interrupt('SIGQUIT');
    },
  });
  stop?.addEventListener('abort', kill);
  return {
    hangUp,
    release() {
      removeSignals();
      stop?.removeEventListener('abort', kill);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
