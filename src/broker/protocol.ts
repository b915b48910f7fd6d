/**
 * The hook's protocol (docs/protocol.md): frames to bytes and back. Pure; strict: a frame that is not
 * exactly as described decodes to undefined, and the caller refuses it.
 *
 * The constants stand a second time in shell/hook/protocol.h; a test compares the two.
 */
import { Secret } from '../base/secret.ts';
import type { Exposure } from '../vault/types.ts';
import { frameOf, PROTOCOL_VERSION, Reader } from './frame.ts';

export { LENGTH_BYTES, PROTOCOL_VERSION } from './frame.ts';

/** Of what follows the length field. Linux takes at most 6 MiB of arguments, normally 2 MiB. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

export const TYPE = {
  HELLO: 1,
  RESOLVE: 2,
  SPAWNED: 3,
  FAILED: 4,
  REAPED: 5,
  FILTER: 6,
  STATUS: 7,
  NAMES: 8,
  OK: 16,
  VALUES: 17,
  DENIED: 18,
  REPORT: 19,
} as const;

export const FLAG = { SPAWN: 1, MALFORMED: 2, SHARED: 4 } as const;
const ALL_FLAGS = FLAG.SPAWN | FLAG.MALFORMED | FLAG.SHARED;

/** Bits of each name in a request. OPTIONAL: it stands in no argument, its placeholders may be left as text. */
export const EXPOSURE = { ENV: 1, ARGV: 2, FILE: 4, STDIN: 8, OPTIONAL: 16 } as const;
const ALL_EXPOSURES = 31;
/** Of each value in an answer. */
export const STATUS = { RELEASED: 0, TEXT: 1 } as const;

/** Of a FILTER: a terminal shows what comes out. */
export const FILTER_FLAG = { TERMINAL: 1 } as const;

export const MAX_GRANT_LENGTH = 64;
export const WATCH_BITS = 65536;
export const WATCH_BYTES = 8192;

export interface Hello {
  readonly type: 'hello';
  readonly pid: number;
  readonly ppid: number;
  readonly session: string;
}

export interface Resolve {
  readonly type: 'resolve';
  /** 0 when asked ahead of a spawn: then `ppid` is who asks. */
  readonly pid: number;
  readonly ppid: number;
  readonly flags: number;
  readonly session: string;
  readonly cwd: string;
  readonly program: string;
  readonly argv: readonly string[];
  readonly names: readonly string[];
  /** EXPOSURE bits, in the order of the names. */
  readonly exposures: readonly number[];
}

export interface Spawned {
  readonly type: 'spawned';
  readonly grant: string;
  readonly pid: number;
  readonly ppid: number;
}

export interface Failed {
  readonly type: 'failed';
  readonly grant: string;
  readonly errno: number;
}

export interface Reaped {
  readonly type: 'reaped';
  readonly pid: number;
  readonly ppid: number;
  /** As `waitpid` gives it. */
  readonly status: number;
}

/** After OK the connection is a byte filter: output of a nested session in, what may be shown of it out. */
export interface Filter {
  readonly type: 'filter';
  readonly session: string;
  /** FILTER_FLAG bits. */
  readonly flags: number;
}

/** What the session is, or the names of the vault's secrets. */
export interface Question {
  readonly type: 'status' | 'names';
}

export type Request = Hello | Resolve | Spawned | Failed | Reaped | Filter | Question;

/** In the order of the names; undefined: released to nobody, its placeholders stay text. */
export type Values = readonly (Secret | undefined)[];

export type Answer =
  | { readonly type: 'ok' }
  | { readonly type: 'values'; readonly grant: string; readonly values: Values }
  | { readonly type: 'denied'; readonly message: string }
  /** JSON. */
  | { readonly type: 'report'; readonly text: string };

/** Reads a request from `frame`: what follows the length field. */
export function decodeRequest(frame: Buffer): Request | undefined {
  const reader = new Reader(frame);
  if (reader.byte() !== PROTOCOL_VERSION) return undefined;
  const request = readBody(reader, reader.byte());
  return reader.failed || reader.left > 0 ? undefined : request;
}

/** Gives the whole frame, in memory of its own: who sends values wipes it afterwards. */
export function encodeAnswer(answer: Answer): Buffer {
  if (answer.type === 'ok') return frameOf(TYPE.OK, []);
  if (answer.type === 'denied') return frameOf(TYPE.DENIED, [answer.message]);
  if (answer.type === 'report') return frameOf(TYPE.REPORT, [answer.text]);
  const values = answer.values.flatMap((value) =>
    value === undefined ? [STATUS.TEXT, ''] : [STATUS.RELEASED, value.reveal()],
  );
  return frameOf(TYPE.VALUES, [answer.grant, answer.values.length, ...values]);
}

/** Gives the whole frame of a request: the hook's half, for tests of the broker. */
export function encodeRequest(request: Request): Buffer {
  const type = TYPE_OF[request.type];
  if (request.type === 'hello') return frameOf(type, [request.pid, request.ppid, request.session]);
  if (request.type === 'spawned') return frameOf(type, [request.grant, request.pid, request.ppid]);
  if (request.type === 'failed') return frameOf(type, [request.grant, request.errno]);
  if (request.type === 'reaped') return frameOf(type, [request.pid, request.ppid, request.status]);
  if (request.type === 'filter') return frameOf(type, [request.session, request.flags]);
  if (request.type !== 'resolve') return frameOf(type, []);
  const { pid, ppid, flags, session, cwd, program, argv, names, exposures } = request;
  const asked = names.flatMap((name, index) => [name, exposures[index] ?? 0]);
  const lists = [argv.length, ...argv, names.length, ...asked];
  return frameOf(type, [pid, ppid, flags, session, cwd, program, ...lists]);
}

const TYPE_OF = {
  hello: TYPE.HELLO,
  resolve: TYPE.RESOLVE,
  spawned: TYPE.SPAWNED,
  failed: TYPE.FAILED,
  reaped: TYPE.REAPED,
  filter: TYPE.FILTER,
  status: TYPE.STATUS,
  names: TYPE.NAMES,
} as const;

/** Gives the bytes that the values of an answer take, so that it can be refused before it is made. */
export function valuesFrameBytes(grant: string, values: Values): number {
  let bytes = 2 + 4 + Buffer.byteLength(grant) + 4;
  for (const value of values) bytes += 4 + 4 + Buffer.byteLength(value?.reveal() ?? '');
  return bytes;
}

function readBody(reader: Reader, type: number): Request | undefined {
  switch (type) {
    case TYPE.HELLO:
      return { type: 'hello', pid: reader.u32(), ppid: reader.u32(), session: reader.string() };
    case TYPE.RESOLVE:
      return readResolve(reader);
    case TYPE.SPAWNED:
      return { type: 'spawned', grant: reader.string(), pid: reader.u32(), ppid: reader.u32() };
    case TYPE.FAILED:
      return { type: 'failed', grant: reader.string(), errno: reader.u32() };
    case TYPE.REAPED:
      return { type: 'reaped', pid: reader.u32(), ppid: reader.u32(), status: reader.u32() };
    case TYPE.FILTER:
      return readFilter(reader);
    case TYPE.STATUS:
      return { type: 'status' };
    case TYPE.NAMES:
      return { type: 'names' };
    default:
      return undefined;
  }
}

function readResolve(reader: Reader): Resolve | undefined {
  const head = {
    type: 'resolve' as const,
    pid: reader.u32(),
    ppid: reader.u32(),
    flags: reader.u32(),
    session: reader.string(),
    cwd: reader.string(),
    program: reader.string(),
    argv: reader.strings(),
  };
  const isSpawn = (head.flags & FLAG.SPAWN) !== 0;
  if ((head.flags & ~ALL_FLAGS) !== 0 || isSpawn !== (head.pid === 0)) return undefined;
  const names: string[] = [];
  const exposures: number[] = [];
  const count = reader.count(2);
  for (let i = 0; i < count && !reader.failed; i++) {
    names.push(reader.string());
    exposures.push(reader.u32());
  }
  return exposures.every(isExposure) ? { ...head, names, exposures } : undefined;
}

function readFilter(reader: Reader): Filter | undefined {
  const session = reader.string();
  const flags = reader.u32();
  return (flags & ~FILTER_FLAG.TERMINAL) === 0 ? { type: 'filter', session, flags } : undefined;
}

/** What stands in an argument cannot be left as text. */
function isExposure(bits: number): boolean {
  if ((bits & ~ALL_EXPOSURES) !== 0 || (bits & ~EXPOSURE.OPTIONAL) === 0) return false;
  return (bits & EXPOSURE.OPTIONAL) === 0 || (bits & EXPOSURE.ARGV) === 0;
}

/** Gives the exposures of EXPOSURE bits. */
export function exposuresOf(bits: number): Exposure[] {
  const all: readonly [number, Exposure][] = [
    [EXPOSURE.ENV, 'env'],
    [EXPOSURE.ARGV, 'argv'],
    [EXPOSURE.FILE, 'file'],
    [EXPOSURE.STDIN, 'stdin'],
  ];
  return all.filter(([bit]) => (bits & bit) !== 0).map(([, exposure]) => exposure);
}

/** Reads an answer from `frame`, as the hook does: what follows the length field. */
export function decodeAnswer(frame: Buffer): Answer | undefined {
  const reader = new Reader(frame);
  if (reader.byte() !== PROTOCOL_VERSION) return undefined;
  const answer = readAnswer(reader, reader.byte());
  return reader.failed || reader.left > 0 ? undefined : answer;
}

function readAnswer(reader: Reader, type: number): Answer | undefined {
  if (type === TYPE.OK) return { type: 'ok' };
  if (type === TYPE.DENIED) return { type: 'denied', message: reader.string() };
  if (type === TYPE.REPORT) return { type: 'report', text: reader.string() };
  if (type !== TYPE.VALUES) return undefined;
  const grant = reader.string();
  const values: (Secret | undefined)[] = [];
  const count = reader.count(2);
  for (let i = 0; i < count && !reader.failed; i++) {
    const status = reader.u32();
    const value = reader.string();
    if (status > STATUS.TEXT || (status === STATUS.TEXT && value !== '')) return undefined;
    values.push(status === STATUS.TEXT ? undefined : new Secret(value));
  }
  return { type: 'values', grant, values };
}
