import { ReadStream } from 'node:tty';
import type { Outlet } from './outlet.ts';
import type { Pty } from './pty.ts';

/** What is typed on the outer terminal. */
export type Keyboard = {
  /** Passes it to the program. `onGone` is called when the outer terminal was closed. */
  passTo(pty: Pty, outlet: Outlet, onGone: () => void): void;
  /** Gives it to `listener` alone; without one, to the program again. */
  readonly divert: (listener?: (bytes: Uint8Array) => void) => void;
  close(): void;
};

export function openKeyboard(fd: number): Keyboard {
  const stream = new ReadStream(fd);
  let diverted: ((bytes: Uint8Array) => void) | undefined;
  return {
    passTo(pty, outlet, onGone) {
      stream.on('data', (bytes: Buffer) => {
        if (diverted !== undefined) return diverted(bytes);
        outlet.expectEcho(bytes);
        if (!pty.write(bytes)) stream.pause();
      });
      pty.onDrain(() => {
        stream.resume();
      });
      stream.on('end', onGone);
      stream.on('error', onGone);
    },
    divert(listener) {
      diverted = listener;
      // A program that does not read has stopped it. Before `passTo` nothing is read at all.
      if (listener !== undefined && stream.listenerCount('data') > 0) stream.resume();
    },
    close() {
      stream.destroy();
    },
  };
}
