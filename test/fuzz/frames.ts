import {
  encodeRequest,
  FLAG,
  LENGTH_BYTES,
  MAX_FRAME_BYTES,
  type Request,
} from '../../src/broker/protocol.ts';
import { BASE62, type Random } from '../support/random.ts';

/** What the frames of one run are made from; `pid` is who the broker believes to be asked by. */
export interface Sender {
  readonly session: string;
  readonly pid: number;
  readonly ppid: number;
  readonly names: readonly string[];
}

const NUMBERS = [
  0,
  1,
  2,
  0x7f,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_fffe,
  0xffff_ffff,
  MAX_FRAME_BYTES,
];

/** Gives the bytes of one connection: mostly a request with mistakes in it, sometimes noise or a good request. */
export function makeFrame(random: Random, sender: Sender): Buffer {
  if (random.below(10) === 0) return noise(random);
  let bytes = encodeRequest(makeRequest(random, sender));
  for (let mistakes = random.below(4); mistakes > 0; mistakes--) bytes = spoil(random, bytes);
  return bytes;
}

function noise(random: Random): Buffer {
  const body = random.bytes(random.below(64));
  const frame = Buffer.alloc(LENGTH_BYTES);
  frame.writeUInt32LE(random.below(4) === 0 ? random.pick(NUMBERS) : body.length);
  return Buffer.concat([frame, body]);
}

function makeRequest(random: Random, sender: Sender): Request {
  const pid = random.below(4) === 0 ? random.pick(NUMBERS) : sender.pid;
  const ppid = random.below(4) === 0 ? random.pick(NUMBERS) : sender.ppid;
  const session = random.below(6) === 0 ? text(random) : sender.session;
  const grant = text(random);
  switch (random.below(8)) {
    case 0:
      return { type: 'hello', pid, ppid, session };
    case 1:
      return { type: 'spawned', grant, pid, ppid };
    case 2:
      return { type: 'failed', grant, errno: random.pick(NUMBERS) };
    case 3:
      return { type: 'reaped', pid, ppid, status: random.pick(NUMBERS) };
    case 4:
      return { type: 'filter', session, flags: random.below(3) };
    case 5:
      return { type: random.pick(['status', 'names'] as const) };
    default: {
      const flags = random.below(3) === 0 ? random.below(16) : 0;
      const names = some(random, () =>
        random.below(3) === 0 ? text(random) : random.pick(sender.names),
      );
      const argv = some(random, () =>
        random.below(3) === 0 ? `$VAULT<${text(random)}>` : text(random),
      );
      const asker = (flags & FLAG.SPAWN) === 0 ? pid : 0;
      const place = { cwd: text(random), program: text(random) };
      const exposures = names.map(() =>
        random.below(4) === 0 ? random.pick(NUMBERS) : 1 + random.below(31),
      );
      return {
        type: 'resolve',
        pid: asker,
        ppid,
        flags,
        session,
        ...place,
        argv,
        names,
        exposures,
      };
    }
  }
}

function some(random: Random, make: () => string): string[] {
  return Array.from({ length: random.below(4) }, make);
}

function text(random: Random): string {
  return random.text(`${BASE62}\u001b\n<>$é\u{1f511}`, random.below(12));
}

function spoil(random: Random, bytes: Buffer): Buffer {
  if (bytes.length < LENGTH_BYTES) return bytes;
  const at = random.below(bytes.length);
  switch (random.below(6)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      return bytes.subarray(0, at + 1);
    case 2:
      return Buffer.concat([bytes, random.bytes(1 + random.below(8))]);
    case 3:
      bytes.writeUInt32LE(random.pick(NUMBERS), Math.min(at, bytes.length - LENGTH_BYTES));
      return bytes;
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 4))]);
    default:
      return Buffer.concat([bytes, bytes]);
  }
}
