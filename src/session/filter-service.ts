import type { Socket } from 'node:net';
import { encodeAnswer } from '../broker/protocol.ts';
import type { Filter } from './filter.ts';
import { RELEASE_MS } from './outlet.ts';

/**
 * Filters the output of a nested session (docs/nested-sessions.md) on its connection to the broker: bytes in, what may
 * be shown of them out. When no more come in, the rest follows and then OK, so that its absence tells of an end
 * that came too early. Whatever goes wrong cuts the connection off.
 *
 * A reader that is behind stops the reading here: memory stays bounded.
 */
export function serveFilter(connection: Socket, filter: Filter, onTerminal: boolean): void {
  let ended = false;
  // Where a person watches, held bytes come out after a pause, as on our own terminal.
  const timer = onTerminal ? setTimeout(release, RELEASE_MS).unref() : undefined;

  function pass(step: () => Uint8Array): void {
    let bytes: Uint8Array;
    try {
      bytes = step();
    } catch {
      // Nothing may be shown: the session itself is ending, and says why.
      connection.destroy();
      return;
    }
    // A copy: it may wait here for the reader.
    if (bytes.length > 0 && !connection.write(Uint8Array.from(bytes))) connection.pause();
  }
  function release(): void {
    if (ended || connection.destroyed) return;
    if (connection.writableLength > 0) timer?.refresh();
    else pass(() => filter.release());
  }
  function finish(): void {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    try {
      const rest = filter.end();
      if (connection.writable) connection.end(Buffer.concat([rest, encodeAnswer({ type: 'ok' })]));
    } catch {
      connection.destroy();
    }
  }

  connection.allowHalfOpen = true;
  connection.on('data', (chunk: Buffer) => {
    timer?.refresh();
    pass(() => filter.write(chunk));
  });
  connection.on('drain', () => connection.resume());
  connection.on('end', finish);
  // Without an end before: what the filter holds is let go of, and shown to nobody.
  connection.on('close', finish);
  if (connection.destroyed) finish();
  else connection.resume();
}
