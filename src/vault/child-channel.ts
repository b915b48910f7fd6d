import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

/** One end of the connection between a session and the process that does its database work (child-protocol.ts). */
export interface Channel<Out> {
  /** Dropped when the other end has gone, which is noticed anyway. */
  send(message: Out): void;
  /** Ends the connection once all is sent. */
  end(): void;
  isOpen(): boolean;
}

export interface ChannelListener<In> {
  /** Bytes in a message are there during the call only: what came over the channel is overwritten then. */
  onMessage(message: In): void;
  /** The other end has gone; all that it sent was heard. */
  onClose(): void;
}

/** The descriptor by which the process talks to its session. */
export const CHANNEL_FD = 3;
const LENGTH_BYTES = 4;

/**
 * Sends and receives messages over a socket, which the channel owns from now on: each a length of 4 bytes, big-endian,
 * and what `v8.serialize` makes of it. Node's own IPC does the same, but takes 2 ms more to start, and only to a child
 * that Node itself has started.
 */
export function openChannel<In, Out>(socket: Duplex, listener: ChannelListener<In>): Channel<Out> {
  let chunks: Buffer[] = [];
  let total = 0;
  let wanted = LENGTH_BYTES;

  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    total += chunk.length;
    if (total < wanted) return;
    let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    while (bytes.length >= (wanted = wantedBytes(bytes))) {
      const body = bytes.subarray(LENGTH_BYTES, wanted);
      bytes = bytes.subarray(wanted);
      const message: In = deserialize(body);
      listener.onMessage(message);
      body.fill(0);
    }
    chunks = [bytes];
    total = bytes.length;
  });
  // Closed after it, and nothing to be done.
  socket.on('error', () => undefined);
  socket.on('close', () => listener.onClose());
  return {
    send(message) {
      if (!socket.writable) return;
      const body = serialize(message);
      const head = Buffer.alloc(LENGTH_BYTES);
      head.writeUInt32BE(body.length);
      socket.cork();
      socket.write(head);
      socket.write(body, () => body.fill(0));
      socket.uncork();
    },
    end: () => void socket.end(),
    isOpen: () => socket.writable,
  };
}

/** So many bytes are the next message, or its length. */
function wantedBytes(bytes: Buffer): number {
  return bytes.length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + bytes.readUInt32BE(0);
}
