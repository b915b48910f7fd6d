import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { systemCode, VaultShellError } from '../base/errors.ts';
import { FILE_MODE } from '../base/paths.ts';
import type { Secret } from '../base/secret.ts';
import type { GrantStore } from '../vault/types.ts';
import { receiveFrame } from './connection.ts';
import { createGrants, type Grants } from './grants.ts';
import {
  decodeRequest,
  encodeAnswer,
  FLAG,
  MAX_FRAME_BYTES,
  valuesFrameBytes,
  type Answer,
  type Request,
  type Resolve,
} from './protocol.ts';
import { resolve, type Resolution, type ResolveRequest } from './resolve.ts';
import { createWatchFile } from './watch-file.ts';

/** For a session, which knows brokers and no vaults. */
export type BrokerStore = GrantStore;

export interface BrokerOptions {
  /** The session's private runtime directory, already made with mode 0700. */
  readonly directory: string;
  /** What VAULT_SHELL_SESSION says: `<pid of the session>-<hex>`. */
  readonly session: string;
  readonly store: GrantStore;
  /** Called before an answer with values leaves: they must be masked from when it returns. */
  onRelease(values: readonly Secret[]): void;
  redactText(text: string): string;
  /** A process whose parent is the session has loaded the hook. False: it is not to run. */
  onHello(pid: number): boolean;
}

export interface Broker {
  readonly socketPath: string;
  /** The latest grant of a process that has not ended yet. */
  grantFor(pid: number): string | undefined;
  /** The session saw its own child end; resolves when the code is stored, or cannot be. */
  recordExit(pid: number, exitCode: number): Promise<void>;
  /** What the socket does, for a caller in this process: the same order, the same audit row. */
  resolveHere(request: ResolveRequest): Promise<Resolution>;
  /** Takes no more requests; waits for those being answered and for exit codes being stored. */
  close(): Promise<void>;
}

const SOCKET_NAME = 'broker';
const WATCH_NAME = 'watch';
/** A shell runs a handful at a time, a parallel make some dozens. More than these wait their turn. */
const MAX_CONNECTIONS = 256;
const BACKLOG = 511;

/** Starts to answer the hooks of a session. Throws BROKER when the socket cannot be made. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const socketPath = path.join(options.directory, SOCKET_NAME);
  const watchPath = path.join(options.directory, WATCH_NAME);
  try {
    const watch = createWatchFile(watchPath);
    const grants = createGrants(options.store, watch);
    const exchanges = new Set<Promise<void>>();
    const open = new Set<Socket>();
    const waiting: Socket[] = [];
    let closing = false;

    const serve = (socket: Socket): void => {
      open.add(socket);
      const exchange = answerOne(
        socket,
        async (request) =>
          closing ? denied('the session is ending') : answerTo(options, grants, request),
        async (answer) => undelivered(grants, answer),
      ).finally(() => {
        exchanges.delete(exchange);
        open.delete(socket);
        const next = waiting.shift();
        if (next !== undefined) serve(next);
      });
      exchanges.add(exchange);
    };
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => undefined); // a hook that was killed: nothing to tell
      if (open.size < MAX_CONNECTIONS) serve(socket);
      else waiting.push(socket);
    });
    await listen(server, socketPath);

    return {
      socketPath,
      grantFor: (pid) => grants.latest(pid),
      recordExit: async (pid, exitCode) => grants.ended(pid, exitCode),
      resolveHere: async (request) => resolve(options, request),
      async close() {
        if (closing) return;
        closing = true;
        const closed = new Promise<void>((done) => server.close(() => done()));
        for (const socket of waiting.splice(0)) socket.destroy();
        await Promise.all(exchanges);
        await closed;
        await grants.settle();
        grants.clear();
        watch.close();
        rmSync(watchPath, { force: true });
      },
    };
  } catch (error) {
    throw new VaultShellError(
      'BROKER',
      `cannot listen in ${options.directory}: ${systemCode(error) ?? 'unknown error'}`,
      { cause: error },
    );
  }
}

async function listen(server: Server, socketPath: string): Promise<void> {
  await new Promise<void>((resolved, rejected) => {
    server.once('error', rejected);
    server.listen({ path: socketPath, backlog: BACKLOG }, () => resolved());
  });
  chmodSync(socketPath, FILE_MODE);
}

/** One request, one answer. Never rejects. */
async function answerOne(
  socket: Socket,
  answerFor: (request: Request) => Promise<Answer>,
  onUndelivered: (answer: Answer) => Promise<void>,
): Promise<void> {
  let answer: Answer;
  try {
    const frame = await receiveFrame(socket);
    if (frame === undefined) return;
    const request = decodeRequest(frame);
    answer =
      request === undefined ? denied('not a request of this version') : await answerFor(request);
  } catch {
    answer = denied('the request failed');
  }
  if (!(await deliver(socket, answer))) await onUndelivered(answer);
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
    socket.write(bytes, (error) => done(error === undefined || error === null));
  });
  bytes.fill(0);
  socket.destroySoon();
  return delivered;
}

/** Whoever asked is gone: nothing ran with this grant. */
async function undelivered(grants: Grants, answer: Answer): Promise<void> {
  if (answer.type === 'values') await grants.failed(answer.grant, 0);
}

async function answerTo(options: BrokerOptions, grants: Grants, request: Request): Promise<Answer> {
  switch (request.type) {
    case 'hello':
      if (request.session !== options.session) return denied('not of this session');
      return options.onHello(request.pid)
        ? { type: 'ok' }
        : denied('the session does not know this process');
    case 'resolve':
      if (request.session !== options.session) return denied('not of this session');
      return answerResolve(options, grants, request);
    case 'spawned':
      await grants.spawned(request.grant, request.pid, request.ppid);
      break;
    case 'failed':
      await grants.failed(request.grant, request.errno);
      break;
    case 'reaped':
      await grants.reaped(request.pid, request.ppid, request.status);
      break;
  }
  return { type: 'ok' };
}

async function answerResolve(
  options: BrokerOptions,
  grants: Grants,
  request: Resolve,
): Promise<Answer> {
  const resolution = await resolve(options, {
    program: request.program,
    argv: request.argv,
    cwd: request.cwd,
    names: request.names,
    malformed: (request.flags & FLAG.MALFORMED) !== 0,
    sharesMemory: (request.flags & FLAG.SHARED) !== 0,
  });
  if (resolution.kind === 'denied') return denied(resolution.message);
  const { operation, values } = resolution;
  if (valuesFrameBytes(operation, values) > MAX_FRAME_BYTES) {
    await grants.failed(operation, 0);
    return denied(`the values are longer than ${String(MAX_FRAME_BYTES)} bytes together`);
  }
  // The bit is set before the answer: a short-lived program may be reaped right after it.
  if ((request.flags & FLAG.SPAWN) !== 0) grants.spawning(operation, request.ppid);
  else grants.started(operation, request.pid, request.ppid);
  return { type: 'values', grant: operation, values };
}

function denied(message: string): Answer {
  return { type: 'denied', message };
}
