import { setMaxListeners } from 'node:events';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { either } from '../base/abort.ts';
import { systemCode, VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import type { GrantStore, NamedValue } from '../vault/types.ts';
import type { AskHuman, Verdict } from './approval.ts';
import { createApprover } from './approver.ts';
import { createGrants, type Grants } from './grants.ts';
import { listen } from './listener.ts';
import { identifyPeer, isTruthful, type Peer, type PeerSystem } from './peer.ts';
import { describeProcess, programPath } from './process-tree.ts';
import {
  EXPOSURE,
  exposuresOf,
  FILTER_FLAG,
  FLAG,
  MAX_FRAME_BYTES,
  valuesFrameBytes,
} from './protocol.ts';
import type { Answer, Request, Resolve } from './protocol.ts';
import {
  refuse,
  resolve,
  type Resolution,
  type ResolveOptions,
  type ResolveRequest,
  type Tally,
} from './resolve.ts';
import { createWatchFile } from './watch-file.ts';

/** For a session, which knows brokers and no vaults. */
export type BrokerStore = GrantStore;
export type { NamedValue } from '../vault/types.ts';

export interface BrokerOptions {
  /** The session's private runtime directory, already made with mode 0700. */
  readonly directory: string;
  /** What VAULT_SHELL_SESSION says: `<pid of the session>-<hex>`. */
  readonly session: string;
  readonly store: GrantStore;
  /** What the session itself was given: may tell what agent started it. */
  readonly environment?: Environment;
  /** Called before an answer with values leaves: they must be masked from when it returns. */
  onRelease(values: readonly NamedValue[]): void;
  redactText(text: string): string;
  /** The kernel's word on who asks; `native()`. */
  readonly system: PeerSystem;
  /** Asks on the session's own terminal; undefined when there is none. */
  readonly askHuman?: AskHuman | undefined;
  /** Answers for every human. */
  readonly verdict?: Verdict | undefined;
  readonly approvalTimeoutMs?: number | undefined;
  /** A process whose parent is the session has loaded the hook. False: it is not to run. */
  onHello(pid: number): boolean;
  /**
   * Gets the connection of a nested session: its output comes in, what may be shown of it is to go out. Cut off when
   * the broker closes. Without this there are no nested sessions.
   */
  readonly onFilter?: ((connection: Socket, onTerminal: boolean) => void) | undefined;
  /** What the session tells its programs of itself; how often was granted and denied comes with it. */
  status?(): SessionStatus;
  /** Those of all secrets. */
  names?(): readonly string[];
}

/** Names and order are stable, as `status --json` gives them. */
export interface SessionStatus {
  readonly id: string;
  readonly pid: number;
  /** ISO 8601 UTC. */
  readonly since: string;
  /** Directory of the vault. */
  readonly vault: string;
  readonly terminal: boolean;
  /** How often each secret was masked, by kind of form. */
  readonly masked: readonly MaskCount[];
}

/** With what the broker itself knows: how often it released values, and how often it refused. */
export type SessionReport = SessionStatus & Readonly<Tally>;

interface MaskCount {
  readonly name: string;
  readonly form: string;
  readonly count: number;
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
  const approver = createApprover({ ...options, timeoutMs: options.approvalTimeoutMs });
  const resolving: ResolveOptions = {
    ...options,
    rules: new Map(),
    tally: { grants: 0, denials: 0 },
    approver,
  };
  const ending = new AbortController();
  // One for each request that is being answered: with more than ten Node would warn of a leak.
  setMaxListeners(0, ending.signal);
  const forgetAll = (): void => {
    grants.clear();
    watch.close();
    rmSync(watchPath, { force: true });
  };
  let closing: Promise<void> | undefined;
  const listener = await listen({
    socketPath,
    identify: (socket) => identifyPeer(options.system, socket, process.pid),
    answerTo: async (request, peer, gone) =>
      closing !== undefined && ['hello', 'resolve', 'filter'].includes(request.type)
        ? denied('the session is ending')
        : answerTo(
            options,
            resolving,
            grants,
            request,
            peer,
            // Only who asks for values waits for anything.
            request.type === 'resolve' ? either(gone, ending.signal) : gone,
          ),
    onUndelivered: (answer) => undelivered(grants, answer),
    onFilter: (connection, { flags }) =>
      options.onFilter?.(connection, (flags & FILTER_FLAG.TERMINAL) !== 0),
  }).catch((error: unknown) => {
    forgetAll();
    throw unable(options.directory, error);
  });

  return {
    socketPath,
    grantFor: (pid) => grants.latest(pid),
    recordExit: (pid, exitCode) => grants.ended(pid, exitCode),
    resolveHere: async (request) =>
      resolve(resolving, {
        ...request,
        asker: describeProcess(process.pid, 0, options.environment),
        spawns: true,
        signal: ending.signal,
      }),
    async close() {
      // Nobody's answer is waited for.
      ending.abort();
      closing ??= (async () => {
        await listener.close();
        await approver.settle();
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

async function answerTo(
  options: BrokerOptions,
  resolving: ResolveOptions,
  grants: Grants,
  request: Request,
  peer: Peer,
  signal: AbortSignal,
): Promise<Answer> {
  if (peer.kind === 'stranger') return turnAway(options, request, peer.why);
  if (!isTruthful(request, peer, process.pid)) {
    return turnAway(options, request, 'the request is not of the process that sent it');
  }
  switch (request.type) {
    case 'hello':
      if (request.session !== options.session) return denied('not of this session');
      return options.onHello(request.pid)
        ? { type: 'ok' }
        : denied('the session does not know this process');
    case 'resolve':
      if (request.session !== options.session) {
        return turnAway(options, request, 'not of this session');
      }
      return answerResolve(resolving, grants, request, signal, options.environment);
    case 'filter':
      if (request.session !== options.session) return denied('not of this session');
      if (options.onFilter === undefined) return denied('nothing is filtered here');
      break;
    case 'spawned':
      grants.spawned(request.grant, request.pid, request.ppid);
      break;
    case 'failed':
      grants.failed(request.grant, request.errno);
      break;
    case 'reaped':
      grants.reaped(request.pid, request.ppid, request.status);
      break;
    case 'status':
      return options.status === undefined
        ? denied('this session tells nothing of itself')
        : report({ ...options.status(), ...resolving.tally });
    case 'names':
      return options.names === undefined
        ? denied('this session tells no names')
        : report(options.names());
  }
  return { type: 'ok' };
}

/** Nothing for who is not of the session, or claims to be another or of another; a row if it asked for values. */
async function turnAway(options: BrokerOptions, request: Request, why: string): Promise<Answer> {
  if (request.type !== 'resolve') return denied(why);
  return denied(await refuse(options, askedFor(request), why));
}

/** What a request asks for, with nothing of who asks. */
function askedFor(request: Resolve): ResolveRequest {
  const asked = request.names.map((name, index) => [name, request.exposures[index] ?? 0] as const);
  return {
    program: request.program,
    argv: request.argv,
    cwd: request.cwd,
    names: request.names,
    exposures: new Map(asked.map(([name, bits]) => [name, exposuresOf(bits)])),
    optional: new Set(
      asked.filter(([, bits]) => (bits & EXPOSURE.OPTIONAL) !== 0).map(([name]) => name),
    ),
    malformed: (request.flags & FLAG.MALFORMED) !== 0,
    sharesMemory: (request.flags & FLAG.SHARED) !== 0,
  };
}

async function answerResolve(
  resolving: ResolveOptions,
  grants: Grants,
  request: Resolve,
  signal: AbortSignal,
  environment: Environment | undefined,
): Promise<Answer> {
  const spawns = (request.flags & FLAG.SPAWN) !== 0;
  const askerPid = spawns ? request.ppid : request.pid;
  const resolution = await resolve(resolving, {
    ...askedFor(request),
    file: programPath(request.program, request.cwd, askerPid),
    asker: describeProcess(askerPid, process.pid, environment),
    spawns,
    signal,
  });
  if (resolution.kind === 'denied') return denied(resolution.message);
  if (resolution.kind === 'text') {
    const values = request.names.map(() => undefined);
    return { type: 'values', grant: resolution.operation, values };
  }
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

function report(content: unknown): Answer {
  return { type: 'report', text: JSON.stringify(content) };
}

function denied(message: string): Answer {
  return { type: 'denied', message };
}
