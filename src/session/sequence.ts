/** One escape sequence: what it is, and where it ends. */
export type Sequence = {
  /**
   * `plain` unsets all colours, `colours` sets some (SGR), `csi` and `escape` may be of interest, `other` is not, `cut`
   * has not ended.
   */
  readonly kind: 'plain' | 'colours' | 'csi' | 'escape' | 'other' | 'cut';
  readonly end: number;
};

const ESC = 0x1b;
const CAN = 0x18;
const SUB = 0x1a;
const BEL = 0x07;
const CUT: Sequence = { kind: 'cut', end: -1 };
/** Last characters of CSI sequences that change a mode: h l m p s u. */
const OF_INTEREST: ReadonlySet<number> = new Set([0x68, 0x6c, 0x6d, 0x70, 0x73, 0x75]);

/**
 * Finds the end of the sequence whose ESC is at `from`, as terminals do (ECMA-48 5.4, and Paul Williams' parser of
 * DEC's): CAN and SUB end every one, ESC begins another.
 */
export function findSequence(data: Uint8Array, from: number): Sequence {
  const second = data[from + 1];
  if (second === undefined) return CUT;
  switch (second) {
    case 0x5b: // [
      return findCsi(data, from + 2);
    case 0x5d: // ]
      return findString(data, from + 2, true);
    case 0x50: // P
    case 0x58: // X
    case 0x5e: // ^
    case 0x5f: // _
      return findString(data, from + 2, false);
    default:
      return findEscape(data, from + 1);
  }
}

function findCsi(data: Uint8Array, start: number): Sequence {
  for (let at = start; at < data.length; at++) {
    const byte = data[at] ?? 0;
    if (byte >= 0x40) return csi(data, start, at);
    if (byte === ESC) return { kind: 'other', end: at };
    if (byte === CAN || byte === SUB) return { kind: 'other', end: at + 1 };
  }
  return CUT;
}

function csi(data: Uint8Array, start: number, last: number): Sequence {
  const final = data[last] ?? 0;
  const end = last + 1;
  const first = data[start] ?? 0;
  if (final !== 0x6d) return { kind: OF_INTEREST.has(final) ? 'csi' : 'other', end };
  if (last === start || (last === start + 1 && first === 0x30)) return { kind: 'plain', end };
  // With one of < = > ? it is another command.
  return { kind: first >= 0x3c ? 'csi' : 'colours', end };
}

function findString(data: Uint8Array, start: number, endsWithBel: boolean): Sequence {
  for (let at = start; at < data.length; at++) {
    const byte = data[at] ?? 0;
    if (byte === CAN || byte === SUB) return { kind: 'other', end: at + 1 };
    if (byte === BEL && endsWithBel) return { kind: 'escape', end: at + 1 };
    if (byte !== ESC) continue;
    if (at + 1 === data.length) return CUT;
    if (data[at + 1] === 0x5c) return { kind: endsWithBel ? 'escape' : 'other', end: at + 2 };
    return { kind: 'other', end: at };
  }
  return CUT;
}

function findEscape(data: Uint8Array, start: number): Sequence {
  for (let at = start; at < data.length; at++) {
    const byte = data[at] ?? 0;
    if (byte === ESC) return { kind: 'other', end: at };
    if (byte === CAN || byte === SUB) return { kind: 'other', end: at + 1 };
    if (byte >= 0x30) return { kind: 'escape', end: at + 1 };
  }
  return CUT;
}
