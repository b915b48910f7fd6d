import type { Socket } from 'node:net';
import { encodeAnswer } from '../broker/protocol.ts';
import type { Filter } from './filter.ts';
import { RELEASE_MS } from './outlet.ts';

const LINE_FEED = 0x0a;

/**
 * Filters the output of a nested session (docs/nested-sessions.md) on its connection to the broker: bytes in, what may
 * be shown of them out. When no more come in, the rest follows and then OK, so that its absence tells of an end
 * that came too early. Whatever goes wrong cuts the connection off.
 *
 * A reader that is behind stops the reading here: memory stays bounded.
 */
export function serveFilter(connection: Socket, filter: Filter, onTerminal: boolean): void {
  let ended = false;
  let line = Buffer.alloc(0);
  // Where a person watches, held bytes come out after a pause, as on our own terminal.
  const timer = setTimeout(release, RELEASE_MS).unref();

  function pass(step: () => Uint8Array): void {
    let bytes: Uint8Array;
    try {
      bytes = step();
    } catch {
      // Nothing may be shown: the session itself is ending, and says why.
      connection.destroy();
      return;
    }
    if (bytes.length > 0 && !connection.write(bytes)) connection.pause();
  }
  function release(): void {
    if (ended || connection.destroyed) return;
    if (connection.writableLength > 0) timer.refresh();
    else pass(() => Buffer.concat([takeLine(), onTerminal ? filter.release() : Buffer.alloc(0)]));
  }
  function takeLine(): Buffer {
    const taken = line;
    line = Buffer.alloc(0);
    return taken;
  }
  /**
   * Several nested sessions may write into one pipe, each its lines. A line whose end the filter holds waits for that
   * a little, mostly for the end of the program, lest another's comes in between.
   */
  function byLines(chunk: Buffer): Uint8Array {
    const bytes = Buffer.concat([takeLine(), filter.write(chunk)]);
    if (onTerminal || chunk.at(-1) !== LINE_FEED || bytes.at(-1) === LINE_FEED) return bytes;
    const from = bytes.lastIndexOf(LINE_FEED) + 1;
    line = bytes.subarray(from);
    return bytes.subarray(0, from);
  }
  function finish(): void {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    try {
      const rest = Buffer.concat([takeLine(), filter.end()]);
      if (connection.writable) connection.end(Buffer.concat([rest, encodeAnswer({ type: 'ok' })]));
    } catch {
      connection.destroy();
    }
  }

  connection.allowHalfOpen = true;
  connection.on('data', (chunk: Buffer) => {
    timer.refresh();
    pass(() => byLines(chunk));
  });
  connection.on('drain', () => connection.resume());
  connection.on('end', finish);
  // Without an end before: what the filter holds is let go of, and shown to nobody.
  connection.on('close', finish);
  if (connection.destroyed) finish();
  else connection.resume();
}
