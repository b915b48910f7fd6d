import type { Environment } from '../base/paths.ts';
import type { Stage } from './dialog.ts';
import type { HeldSink } from './held-sink.ts';
import type { Modes } from './modes.ts';
import type { WindowSize } from '../base/native.ts';

export type StageOptions = {
  readonly sink: Pick<HeldSink, 'hold' | 'show'>;
  /** What is written through `sink` has set. */
  readonly modes: Modes;
  readonly environment: Environment;
  readonly size: () => WindowSize;
  readonly listen: Stage['listen'];
  /** Gives the program's window another size. */
  readonly resize: (size: WindowSize) => void;
};

/** Long enough for a program to see that its window has another size, before it has its own again. */
const NUDGE_MS = 100;

/**
 * Gives the stage on a terminal that a program writes to. While it is entered nothing of the program reaches the
 * terminal, and nothing is lost. A program on the normal screen finds it as it was; one on the alternate screen, of which
 * there is no second, is made to draw again.
 */
export function openStage({ sink, modes, environment, ...options }: StageOptions): Stage {
  return {
    size: options.size,
    async enter() {
      const release = await sink.hold();
      await sink.show(modes.neutral());
      return async () => {
        await sink.show(modes.reinstating());
        release();
        if (modes.isAlternate()) nudge(options);
      };
    },
    async show(text) {
      await sink.show(Buffer.from(text));
    },
    listen: options.listen,
    // https://no-color.org: set and not empty.
    colour: (environment['NO_COLOR'] ?? '') === '',
  };
}

/** Programs on the alternate screen draw it again when the size of their window changes, and only then. */
function nudge({ size, resize }: Pick<StageOptions, 'size' | 'resize'>): void {
  const { columns, rows } = size();
  resize({ columns, rows: Math.max(1, rows - 1) });
  setTimeout(() => {
    resize(size());
  }, NUDGE_MS).unref();
}
