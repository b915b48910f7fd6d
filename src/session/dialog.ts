import { either } from '../base/abort.ts';
import type { ApprovalRequest, AskHuman, Verdict } from '../broker/approval.ts';
import { converse } from './conversation.ts';
import { deferred } from './deferred.ts';
import type { WindowSize } from '../base/native.ts';

/** The terminal on which dialogs are shown. */
export type Stage = {
  size(): WindowSize;
  /** Clears the terminal for us; gives what puts it back as it was. */
  enter(): Promise<() => Promise<void>>;
  /** Resolves when the terminal has taken the text. */
  show(text: string): Promise<void>;
  /** Gives what is typed to `listener` alone; without one, to whom it was given before. */
  listen(listener?: (bytes: Uint8Array) => void): void;
  readonly colour: boolean;
};

export type Dialogs = {
  /** Shows one dialog after the other. */
  readonly ask: AskHuman;
  /** The window has another size. */
  resized(): void;
  /** Denies what is asked now and later; resolves when the terminal is as it was. */
  close(): Promise<void>;
};

/** Gives what asks on `stage`, for as long as the signal of the asking says. */
export function openDialogs(stage: Stage): Dialogs {
  const closing = new AbortController();
  let last = Promise.resolve();
  let redraw: (() => void) | undefined;

  async function show(request: ApprovalRequest, signal: AbortSignal): Promise<Verdict> {
    if (signal.aborted) return 'deny';
    const leave = await stage.enter();
    try {
      const conversation = converse(stage, request, signal);
      redraw = conversation.redraw;
      return await conversation.verdict;
    } finally {
      redraw = undefined;
      stage.listen();
      await leave();
    }
  }

  async function answer(
    request: ApprovalRequest,
    signal: AbortSignal,
    give: (verdict: Verdict) => void,
  ): Promise<void> {
    try {
      give(await show(request, signal));
    } catch {
      give('deny');
    }
  }

  return {
    async ask(request, signal) {
      const ends = either(signal, closing.signal);
      const verdict = deferred<Verdict>();
      // Also while the terminal takes nothing, so that no dialog can be shown or taken away.
      const deny = (): void => verdict.resolve('deny');
      ends.addEventListener('abort', deny);
      if (ends.aborted) deny();
      last = last.then(async () => answer(request, ends, verdict.resolve));
      return verdict.promise;
    },
    resized() {
      redraw?.();
    },
    async close() {
      closing.abort();
      await last;
    },
  };
}
