import { rmSync } from 'node:fs';
import path from 'node:path';
import { systemCode, VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import type { Secret } from '../base/secret.ts';
import type { GrantStore } from '../vault/types.ts';
import type { AskHuman } from './approval.ts';
import { createGrants, type Grants } from './grants.ts';
import { listen } from './listener.ts';
import { EXPOSURE, exposuresOf, FLAG, MAX_FRAME_BYTES, valuesFrameBytes } from './protocol.ts';
import type { Answer, Request, Resolve } from './protocol.ts';
import { describeProcess, programPath } from './process-tree.ts';
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
  /** What the session itself was given: may tell what agent started it. */
  readonly environment?: Environment;
  /** Called before an answer with values leaves: they must be masked from when it returns. */
  onRelease(values: readonly Secret[]): void;
  redactText(text: string): string;
  /** A process whose parent is the session has loaded the hook. False: it is not to run. */
  onHello(pid: number): boolean;
  /** Asks whoever sits at the session's terminal, where there is one. */
  readonly askHuman?: AskHuman;
}

export interface Broker {
  readonly socketPath: string;
  /** The latest grant of a process that has not ended yet. */
  grantFor(pid: number): string | undefined;
  /** The session saw its own child end; `close` waits until that is stored. */
  recordExit(pid: number, exitCode: number): void;
  /** What the socket does, for a caller in this process: the same order, the same audit row. */
  resolveHere(request: ResolveRequest): Promise<Resolution>;
  /** Takes no more requests; waits for those being answered and for exit codes being stored. */
  close(): Promise<void>;
}

const SOCKET_NAME = 'broker';
const WATCH_NAME = 'watch';

/** Starts to answer the hooks of a session. Throws BROKER when the socket cannot be made. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const socketPath = path.join(options.directory, SOCKET_NAME);
  const watchPath = path.join(options.directory, WATCH_NAME);
  const watch = orRefuse(options.directory, () => createWatchFile(watchPath));
  const grants = createGrants(options.store, watch);
  const forgetAll = (): void => {
    grants.clear();
    watch.close();
    rmSync(watchPath, { force: true });
  };
  let closing: Promise<void> | undefined;
  const listener = await listen({
    socketPath,
    answerTo: async (request) =>
      closing !== undefined && (request.type === 'hello' || request.type === 'resolve')
        ? denied('the session is ending')
        : answerTo(options, grants, request),
    onUndelivered: (answer) => undelivered(grants, answer),
  }).catch((error: unknown) => {
    forgetAll();
    throw unable(options.directory, error);
  });

  return {
    socketPath,
    grantFor: (pid) => grants.latest(pid),
    recordExit: (pid, exitCode) => grants.ended(pid, exitCode),
    resolveHere: async (request) =>
      resolve(options, {
        ...request,
        asker: describeProcess(process.pid, 0, options.environment),
        spawns: true,
      }),
    async close() {
      closing ??= (async () => {
        await listener.close();
        await grants.settle();
        forgetAll();
      })();
      await closing;
    },
  };
}

function orRefuse<T>(directory: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw unable(directory, error);
  }
}

function unable(directory: string, error: unknown): VaultShellError {
  const code = systemCode(error) ?? 'unknown error';
  return new VaultShellError('BROKER', `cannot listen in ${directory}: ${code}`, { cause: error });
}

/** Whoever asked is gone: nothing ran with this grant. */
function undelivered(grants: Grants, answer: Answer): void {
  if (answer.type === 'values') grants.failed(answer.grant, 0);
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
      grants.spawned(request.grant, request.pid, request.ppid);
      break;
    case 'failed':
      grants.failed(request.grant, request.errno);
      break;
    case 'reaped':
      grants.reaped(request.pid, request.ppid, request.status);
      break;
  }
  return { type: 'ok' };
}

async function answerResolve(
  options: BrokerOptions,
  grants: Grants,
  request: Resolve,
): Promise<Answer> {
  const spawns = (request.flags & FLAG.SPAWN) !== 0;
  const askerPid = spawns ? request.ppid : request.pid;
  const asked = request.names.map((name, index) => [name, request.exposures[index] ?? 0] as const);
  const resolution = await resolve(options, {
    program: request.program,
    file: programPath(request.program, request.cwd, askerPid),
    asker: describeProcess(askerPid, process.pid, options.environment),
    spawns,
    argv: request.argv,
    cwd: request.cwd,
    names: request.names,
    exposures: new Map(asked.map(([name, bits]) => [name, exposuresOf(bits)])),
    optional: new Set(
      asked.filter(([, bits]) => (bits & EXPOSURE.OPTIONAL) !== 0).map(([name]) => name),
    ),
    malformed: (request.flags & FLAG.MALFORMED) !== 0,
    sharesMemory: (request.flags & FLAG.SHARED) !== 0,
  });
  if (resolution.kind === 'denied') return denied(resolution.message);
  const { operation, values } = resolution;
  if (valuesFrameBytes(operation, values) > MAX_FRAME_BYTES) {
    grants.failed(operation, 0);
    return denied(`the values are longer than ${String(MAX_FRAME_BYTES)} bytes together`);
  }
  // The bit is set before the answer: a short-lived program may be reaped right after it.
  if (spawns) grants.spawning(operation, request.ppid);
  else grants.started(operation, request.pid, request.ppid);
  return { type: 'values', grant: operation, values };
}

function denied(message: string): Answer {
  return { type: 'denied', message };
}
