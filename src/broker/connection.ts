import type { Socket } from 'node:net';
import { LENGTH_BYTES, MAX_FRAME_BYTES } from './protocol.ts';

/** A hook sends its request at once; who has nothing to say for so long is not one. */
const IDLE_LIMIT_MS = 30_000;

/**
 * Gives the one frame that a connection carries, without its length field; undefined when the
 * connection ended or fell silent before it was whole. Rejects when it is too long or more than one.
 */
export async function receiveFrame(socket: Socket): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let received = 0;
  let expected: number | undefined;
  const frame = await new Promise<Buffer | undefined>((resolve, reject) => {
    socket.setTimeout(IDLE_LIMIT_MS, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('end', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (expected === undefined && received >= LENGTH_BYTES) {
        // Few chunks yet: the length stands in the first bytes.
        expected = LENGTH_BYTES + Buffer.concat(chunks).readUInt32LE(0);
        if (expected > LENGTH_BYTES + MAX_FRAME_BYTES) reject(new RangeError('frame too long'));
      }
      if (expected === undefined || received < expected) return;
      if (received > expected) reject(new RangeError('more than one frame'));
      else resolve(Buffer.concat(chunks).subarray(LENGTH_BYTES));
    });
    socket.resume();
  });
  socket.setTimeout(0);
  return frame;
}
