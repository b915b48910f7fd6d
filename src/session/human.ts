import { ReadStream } from 'node:tty';
import type { Environment } from '../base/paths.ts';
import type { ApprovalRequest, AskHuman } from '../broker/approval.ts';
import { openDialogs } from './dialog.ts';
import { holdSink } from './held-sink.ts';
import { followModes } from './modes.ts';
import { onSignals } from './signals.ts';
import { openSink } from './sink.ts';
import { openStage } from './stage.ts';
import { takeTerminal } from './terminal.ts';

/** Whoever sits at the session's terminal. */
export type Human = {
  readonly ask: AskHuman;
  /** The terminal is a program's from now on: `ask` there. */
  moveTo(ask: AskHuman): void;
};

/**
 * Gives the human at our terminal, undefined when it cannot show a dialog. Everything shown passes `redact`: a path or an
 * attribute may hold a value.
 */
export function findHuman(
  environment: Environment,
  redact: (text: string) => string,
): Human | undefined {
  if (['', 'dumb'].includes(environment['TERM'] ?? '')) return undefined;
  let last: Promise<unknown> = Promise.resolve();
  let current: AskHuman = async (request, signal) => {
    // One reader of the terminal at a time.
    const verdict = last.then(async () => askAlone(environment, request, signal));
    last = verdict.catch(() => undefined);
    return verdict;
  };
  return {
    async ask(request, signal) {
      try {
        return await current(redacted(request, redact), signal);
      } catch {
        return 'deny';
      }
    },
    moveTo(ask) {
      current = ask;
    },
  };
}

const INPUT = 0;
const OUTPUT = 1;

/** Asks while no program has the terminal: before the session's own is started. */
async function askAlone(
  environment: Environment,
  ...asked: Parameters<AskHuman>
): ReturnType<AskHuman> {
  const terminal = takeTerminal(INPUT);
  const keyboard = new ReadStream(INPUT);
  const modes = followModes();
  const sink = holdSink(
    openSink(OUTPUT, () => void dialogs.close()),
    modes,
  );
  const dialogs = openDialogs(
    openStage({
      sink,
      modes,
      environment,
      size: () => terminal.size(),
      listen(listener) {
        keyboard.removeAllListeners('data');
        if (listener !== undefined) keyboard.on('data', listener);
      },
      resize: () => undefined,
    }),
  );
  terminal.onResize(() => dialogs.resized());
  const close = (): void => void dialogs.close();
  const removeSignals = onSignals({ SIGTERM: close, SIGHUP: close, SIGINT: close });
  keyboard.on('end', close);
  keyboard.on('error', close);
  try {
    return await dialogs.ask(...asked);
  } finally {
    await dialogs.close();
    removeSignals();
    keyboard.destroy();
    sink.close();
    terminal.restore();
  }
}

function redacted(request: ApprovalRequest, redact: (text: string) => string): ApprovalRequest {
  const { asker, secrets, file } = request;
  const orNull = (text: string | null): string | null => (text === null ? null : redact(text));
  const named = <T extends { readonly program: string }>(process: T): T => ({
    ...process,
    program: redact(process.program),
  });
  return {
    ...request,
    cwd: redact(request.cwd),
    file: file === undefined ? undefined : redact(file),
    asker: asker && { ...named(asker), parents: asker.parents.map(named) },
    secrets: secrets.map((secret) => ({
      ...secret,
      provider: orNull(secret.provider),
      account: orNull(secret.account),
      environment: orNull(secret.environment),
      access: orNull(secret.access),
      tags: redact(secret.tags),
    })),
  };
}
