import type { Socket } from 'node:net';
import type { Native } from '../base/native.ts';
import { FLAG, type Request } from './protocol.ts';

/** What the kernel says of processes; `native()`. */
export type PeerSystem = Pick<Native, 'peerCredentials' | 'parentOf'>;

/** Who asked, by what the kernel says and not by what the request says. */
export type Peer =
  | { readonly kind: 'member'; readonly pid: number; readonly ppid: number }
  /** One line: what is wrong with it. */
  | { readonly kind: 'stranger'; readonly why: string };

/** Far more than processes are ever nested. */
const MAX_DEPTH = 1024;
/** A parent may end while the tree is climbed; what then remains is looked at again. */
const ATTEMPTS = 5;

/**
 * Says whether the process that made a connection belongs to the session: `root` must be among its ancestors. A
 * session adopts what its processes leave behind (a subreaper), so daemons belong to it too.
 */
export function identifyPeer(system: PeerSystem, socket: Socket, root: number): Peer {
  try {
    const fd = descriptorOf(socket);
    if (fd === undefined) return stranger('the connection is closed');
    const { pid, uid } = system.peerCredentials(fd);
    if (uid !== process.geteuid?.()) return stranger("the asking process is another user's");
    const ppid = memberParent(system, pid, root);
    if (ppid === undefined) return stranger('the asking process is not of this session');
    // Again: had it ended meanwhile, another process of its pid might have been looked at.
    system.peerCredentials(fd);
    return { kind: 'member', pid, ppid };
  } catch {
    return stranger('the asking process cannot be identified');
  }
}

/**
 * Whether a request says of its sender what the kernel says. The exceptions: asked ahead of a spawn there is no pid
 * yet, and who lost its parent since it began to ask has the session (`root`) for one.
 */
export function isTruthful(
  request: Request,
  peer: Peer & { kind: 'member' },
  root: number,
): boolean {
  switch (request.type) {
    case 'hello':
      return request.pid === peer.pid && request.ppid === root && peer.ppid === root;
    case 'resolve':
      if ((request.flags & FLAG.SPAWN) !== 0) return request.ppid === peer.pid;
      return request.pid === peer.pid && (request.ppid === peer.ppid || peer.ppid === root);
    case 'spawned':
    case 'reaped':
      return request.ppid === peer.pid;
    case 'failed':
      // Its grant is known to nobody but who was given it.
      return true;
    case 'filter':
    case 'status':
    case 'names':
      // They say nothing of who asks.
      return true;
    default:
      return request satisfies never;
  }
}

function stranger(why: string): Peer {
  return { kind: 'stranger', why };
}

/** Gives the parent of a process that descends from `root`; undefined for any other. */
function memberParent(system: PeerSystem, pid: number, root: number): number | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const chain = climb(system, pid, root);
    if (chain === 'outside') return undefined;
    if (chain !== 'changed' && holds(system, chain)) return chain[1];
  }
  return undefined;
}

/** The process and its ancestors up to `root`. */
function climb(
  system: PeerSystem,
  pid: number,
  root: number,
): readonly number[] | 'outside' | 'changed' {
  const chain = [pid];
  for (let child = pid; chain.length < MAX_DEPTH;) {
    const parent = parentIn(system, child);
    if (parent === undefined) return 'changed';
    chain.push(parent);
    if (parent === root) return chain;
    if (parent <= 1) return 'outside';
    child = parent;
  }
  return 'outside';
}

/**
 * Whether every link of the chain is still there, looked at from the root down. A process that still has its parent
 * has had it all along, so no pid in between was another's when it was read on the way up.
 */
function holds(system: PeerSystem, chain: readonly number[]): boolean {
  return chain.every((_, at) => {
    const child = chain.at(-2 - at);
    return child === undefined || parentIn(system, child) === chain.at(-1 - at);
  });
}

function parentIn(system: PeerSystem, pid: number): number | undefined {
  try {
    return system.parentOf(pid);
  } catch {
    return undefined;
  }
}

/** Node has no public name for it; where it is not as expected, nobody is identified. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const fd: unknown = Reflect.get(handle, 'fd');
  return typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 ? fd : undefined;
}
