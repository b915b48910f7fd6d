import { Transform } from 'node:stream';
import type { Redactor } from './redactor.ts';

/**
 * Gives a Node stream over `redactor`, which serves no other stream from then on: bytes in, bytes out, and
 * the end gives the rest. Values may be added at any time.
 *
 * Strings that are written are taken as UTF-8. A chunk that was written may be used again once the write's
 * callback was called; a chunk that is read is the reader's. What the redactor throws destroys the stream,
 * and not a byte follows.
 *
 * Held bytes wait for the next byte or the end, as in a pipe: there is no clock here. A live view shows them
 * after a pause, by a timer of its own: `if (stream.writable) stream.push(redactor.release())`.
 */
export function redactStream(redactor: Redactor): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pass(() => redactor.write(chunk), done);
    },
    flush(done) {
      pass(() => redactor.end(), done);
    },
  });
}

/** An exception would go to whoever writes, past the stream, and leave it open. */
function pass(
  take: () => Uint8Array,
  done: (error: Error | null, bytes?: Uint8Array) => void,
): void {
  let bytes: Uint8Array;
  try {
    bytes = take();
  } catch (error) {
    done(error instanceof Error ? error : new Error('the redactor failed', { cause: error }));
    return;
  }
  done(null, bytes);
}
