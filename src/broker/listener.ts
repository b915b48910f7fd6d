import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { FILE_MODE } from '../base/paths.ts';
import type { Peer } from './peer.ts';
import { decodeRequest, encodeAnswer, LENGTH_BYTES, MAX_FRAME_BYTES } from './protocol.ts';
import type { Answer, Filter, Request } from './protocol.ts';

export interface ListenerOptions {
  readonly socketPath: string;
  /** Says who connected; asked when the request is there. */
  identify(socket: Socket): Peer;
  /** `gone` aborts when the connection ends: nobody waits for the answer then, or any more. */
  answerTo(request: Request, peer: Peer, gone: AbortSignal): Promise<Answer>;
  /** Whoever asked was gone before the answer could be handed over. */
  onUndelivered(answer: Answer): void;
  /** Gets the connection of a FILTER whose OK has been delivered; both sides still may write. */
  onFilter(socket: Socket, request: Filter): void;
}

export interface Listener {
  /** Takes no more connections and cuts off filters; resolves when the exchanges that are open are over. */
  close(): Promise<void>;
}

/** A shell runs a handful at a time, a parallel make some dozens. More than these wait their turn. */
const MAX_CONNECTIONS = 256;
/** Apart from those: filters last as long as what they filter, and must not keep requests waiting. */
const MAX_FILTERS = 256;
const BACKLOG = 511;
/** A hook sends its request at once; who has nothing to say for so long is not one. */
const IDLE_LIMIT_MS = 30_000;
/** For what was sent when the session ended and has not been read yet. */
const CLOSING_LIMIT_MS = 100;

/** Answers one request on each connection to a socket for the owner alone. Rejects when it cannot be made. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const exchanges = new Map<Socket, Promise<void>>();
  const waiting: Socket[] = [];
  const filters = new Set<Socket>();

  const serve = (socket: Socket): void => {
    const exchange = exchangeOn(socket, options, filters).finally(() => {
      exchanges.delete(socket);
      const next = waiting.shift();
      if (next !== undefined) serve(next);
    });
    exchanges.set(socket, exchange);
  };
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined); // a hook that was killed: nothing to tell
    if (exchanges.size < MAX_CONNECTIONS) serve(socket);
    else waiting.push(socket);
  });
  await open(server, options.socketPath);

  return {
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of waiting.splice(0)) socket.destroy();
      for (const socket of filters) socket.destroy();
      for (const socket of exchanges.keys()) {
        if (socket.timeout !== 0) socket.setTimeout(CLOSING_LIMIT_MS);
      }
      await Promise.all(exchanges.values());
      await closed;
    },
  };
}

async function open(server: Server, socketPath: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path: socketPath, backlog: BACKLOG }, () => resolve());
  });
  chmodSync(socketPath, FILE_MODE);
}

/** Never rejects. */
async function exchangeOn(
  socket: Socket,
  options: ListenerOptions,
  filters: Set<Socket>,
): Promise<void> {
  const gone = new AbortController();
  let answer: Answer;
  let filter: Filter | undefined;
  try {
    const frame = await receiveFrame(socket);
    if (frame === undefined) return;
    // Now and not when it connected: it has to be there still, and in its place.
    const peer = options.identify(socket);
    const request = decodeRequest(frame);
    if (request?.type === 'filter') {
      filter = request;
      // What follows is not ours to read. (Of every other connection the end is waited for.)
      socket.removeAllListeners('data').pause();
    }
    if (socket.destroyed) gone.abort();
    socket.once('close', () => gone.abort());
    if (request === undefined) {
      answer = { type: 'denied', message: 'not a request of this version' };
    } else if (filter !== undefined && filters.size >= MAX_FILTERS) {
      answer = { type: 'denied', message: 'too many nested sessions' };
    } else {
      answer = await options.answerTo(request, peer, gone.signal);
    }
  } catch {
    answer = { type: 'denied', message: 'the request failed' };
  }
  if (filter !== undefined && answer.type === 'ok') {
    filters.add(socket);
    socket.once('close', () => filters.delete(socket));
    if (!(await deliver(socket, answer))) return;
    socket.setTimeout(0);
    options.onFilter(socket, filter);
    return;
  }
  if (!(await deliver(socket, answer))) options.onUndelivered(answer);
  socket.destroySoon();
}

/**
 * Gives the one frame that a connection carries, without its length field; undefined when the
 * connection ended or fell silent before it was whole. Rejects when it is too long or more than one.
 */
async function receiveFrame(socket: Socket): Promise<Buffer | undefined> {
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

/** True when the kernel has taken all of the answer. The bytes are wiped in any case. */
async function deliver(socket: Socket, answer: Answer): Promise<boolean> {
  const bytes = encodeAnswer(answer);
  const delivered = await new Promise<boolean>((done) => {
    if (socket.destroyed || !socket.writable) {
      done(false);
      return;
    }
    socket.once('close', () => done(false));
    // Who does not read its answer is cut off as one who does not send its request.
    socket.setTimeout(IDLE_LIMIT_MS);
    socket.write(bytes, (error) => done(error === undefined || error === null));
  });
  bytes.fill(0);
  return delivered;
}
