import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { isElsewhere } from '../session/terminal.ts';

/** What is shorter is done before anyone wonders. */
export const MIN_PROGRESS_BYTES = 100e6;
const REDRAW_MS = 200;
const MEGABYTE = 1e6;
const GIGABYTE = 1e9;

/** A line on the terminal about work under way. */
export type Progress = {
  /** So many bytes more are done. */
  readonly advance: (bytes: number) => void;
  /** Leaves the line empty, for what comes next. */
  readonly erase: () => void;
};

/**
 * Gives a progress line on stderr for work on `total` bytes; undefined where none is wanted: stderr is no
 * terminal, stdout is one and would be mixed with it, or it is a short work.
 */
export function openProgress(total: number): Progress | undefined {
  if (total <= MIN_PROGRESS_BYTES || !isatty(2) || isatty(1)) return undefined;
  const start = performance.now();
  let drawAt = start;
  let done = 0;
  let width = 0;

  function draw(text: string): void {
    // The longest text so far is overwritten whole. Nothing here needs to know the terminal's escapes.
    if (isElsewhere(2)) return;
    try {
      writeSync(2, `\r${text.padEnd(width)}${text === '' ? '\r' : ''}`);
      width = Math.max(width, text.length);
    } catch {
      // The work does not depend on it.
    }
  }

  return {
    advance(bytes) {
      done += bytes;
      const now = performance.now();
      if (now < drawAt) return;
      drawAt = now + REDRAW_MS;
      draw(progressText(done, total, now - start));
    },
    erase() {
      if (width > 0) draw('');
    },
  };
}

/** The line for `done` of `total` bytes; `total` may have been wrong. */
export function progressText(done: number, total: number, elapsedMs: number): string {
  const percent = Math.min(100, Math.floor((100 * done) / total));
  const text = `vault-shell: ${String(percent)}% of ${sizeText(total)}`;
  // No speed can be told yet.
  if (elapsedMs < REDRAW_MS) return text;
  return `${text}, ${String(Math.round((done / elapsedMs) * (1000 / MEGABYTE)))} MB/s`;
}

function sizeText(bytes: number): string {
  return bytes < GIGABYTE
    ? `${String(Math.round(bytes / MEGABYTE))} MB`
    : `${(bytes / GIGABYTE).toFixed(1)} GB`;
}
