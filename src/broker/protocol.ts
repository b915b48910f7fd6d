/**
 * The hook's protocol (docs/protocol.md): frames to bytes and back. Pure; strict: a frame that is not
 * exactly as described decodes to undefined, and the caller refuses it.
 *
 * The constants stand a second time in shell/hook/protocol.h; a test compares the two.
 */
import type { Secret } from '../base/secret.ts';

export const PROTOCOL_VERSION = 1;
/** Of what follows the length field. Linux takes at most 6 MiB of arguments, normally 2 MiB. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
export const LENGTH_BYTES = 4;

export const TYPE = {
  HELLO: 1,
  RESOLVE: 2,
  SPAWNED: 3,
  FAILED: 4,
  REAPED: 5,
  OK: 16,
  VALUES: 17,
  DENIED: 18,
} as const;

export const FLAG = { SPAWN: 1, MALFORMED: 2, SHARED: 4 } as const;
const ALL_FLAGS = FLAG.SPAWN | FLAG.MALFORMED | FLAG.SHARED;

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

export type Request = Hello | Resolve | Spawned | Failed | Reaped;

export type Answer =
  | { readonly type: 'ok' }
  | { readonly type: 'values'; readonly grant: string; readonly values: readonly Secret[] }
  | { readonly type: 'denied'; readonly message: string };

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
  const values = answer.values.map((value) => value.reveal());
  return frameOf(TYPE.VALUES, [answer.grant, values.length, ...values]);
}

/** Gives the whole frame of a request: the hook's half, for tests of the broker. */
export function encodeRequest(request: Request): Buffer {
  const type = TYPE_OF[request.type];
  if (request.type === 'hello') return frameOf(type, [request.pid, request.ppid, request.session]);
  if (request.type === 'spawned') return frameOf(type, [request.grant, request.pid, request.ppid]);
  if (request.type === 'failed') return frameOf(type, [request.grant, request.errno]);
  if (request.type === 'reaped') return frameOf(type, [request.pid, request.ppid, request.status]);
  const { pid, ppid, flags, session, cwd, program, argv, names } = request;
  const lists = [argv.length, ...argv, names.length, ...names];
  return frameOf(type, [pid, ppid, flags, session, cwd, program, ...lists]);
}

const TYPE_OF = {
  hello: TYPE.HELLO,
  resolve: TYPE.RESOLVE,
  spawned: TYPE.SPAWNED,
  failed: TYPE.FAILED,
  reaped: TYPE.REAPED,
} as const;

/** Gives the bytes that the values of an answer take, so that it can be refused before it is made. */
export function valuesFrameBytes(grant: string, values: readonly Secret[]): number {
  let bytes = 2 + 4 + Buffer.byteLength(grant) + 4;
  for (const value of values) bytes += 4 + Buffer.byteLength(value.reveal());
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
    default:
      return undefined;
  }
}

function readResolve(reader: Reader): Resolve | undefined {
  const request: Resolve = {
    type: 'resolve',
    pid: reader.u32(),
    ppid: reader.u32(),
    flags: reader.u32(),
    session: reader.string(),
    cwd: reader.string(),
    program: reader.string(),
    argv: reader.strings(),
    names: reader.strings(),
  };
  const isSpawn = (request.flags & FLAG.SPAWN) !== 0;
  if ((request.flags & ~ALL_FLAGS) !== 0 || isSpawn !== (request.pid === 0)) return undefined;
  return request;
}

/** Reads fields one after the other; past the end everything is empty and `failed` is set. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  failed = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#take(1)?.readUInt8(0) ?? 0;
  }

  u32(): number {
    return this.#take(4)?.readUInt32LE(0) ?? 0;
  }

  string(): string {
    const bytes = this.#take(this.u32());
    if (bytes === undefined) return '';
    if (bytes.includes(0)) this.failed = true;
    return bytes.toString('utf8');
  }

  strings(): string[] {
    const count = this.u32();
    const strings: string[] = [];
    // A string takes at least its length field: no count can ask for more than the frame has.
    if (count > this.left / 4) this.failed = true;
    for (let i = 0; i < count && !this.failed; i++) strings.push(this.string());
    return strings;
  }

  #take(length: number): Buffer | undefined {
    if (this.failed || length > this.left) {
      this.failed = true;
      return undefined;
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Numbers become 32-bit integers, texts strings with their length. */
function frameOf(type: number, fields: readonly (number | string)[]): Buffer {
  let length = 2;
  for (const field of fields)
    length += 4 + (typeof field === 'string' ? Buffer.byteLength(field) : 0);
  // Not from Buffer's shared pool: what is wiped must be all there is.
  const frame = Buffer.alloc(LENGTH_BYTES + length);
  let at = frame.writeUInt32LE(length, 0);
  at = frame.writeUInt8(PROTOCOL_VERSION, at);
  at = frame.writeUInt8(type, at);
  for (const field of fields) {
    if (typeof field === 'number') {
      at = frame.writeUInt32LE(field, at);
    } else {
      at = frame.writeUInt32LE(Buffer.byteLength(field), at);
      at += frame.write(field, at);
    }
  }
  return frame;
}
