/** One escape sequence: what it is, and where it ends. */
export type Sequence = {
  /** `mode` may change a mode; `cut` has not ended. */
  readonly kind: 'mode' | 'other' | 'cut';
  readonly end: number;
};

const ESC = 0x1b;
const CAN = 0x18;
const SUB = 0x1a;
const BEL = 0x07;
const CUT: Sequence = { kind: 'cut', end: -1 };
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
    if (byte >= 0x40) return { kind: 'mode', end: at + 1 };
    if (byte === ESC) return { kind: 'other', end: at };
    if (byte === CAN || byte === SUB) return { kind: 'other', end: at + 1 };
  }
  return CUT;
}

function findString(data: Uint8Array, start: number, endsWithBel: boolean): Sequence {
  for (let at = start; at < data.length; at++) {
    const byte = data[at] ?? 0;
    if (byte === CAN || byte === SUB) return { kind: 'other', end: at + 1 };
    if (byte === BEL && endsWithBel) return { kind: 'mode', end: at + 1 };
    if (byte !== ESC) continue;
    if (at + 1 === data.length) return CUT;
    if (data[at + 1] === 0x5c) return { kind: endsWithBel ? 'mode' : 'other', end: at + 2 };
    return { kind: 'other', end: at };
  }
  return CUT;
}

function findEscape(data: Uint8Array, start: number): Sequence {
  for (let at = start; at < data.length; at++) {
    const byte = data[at] ?? 0;
    if (byte === ESC) return { kind: 'other', end: at };
    if (byte === CAN || byte === SUB) return { kind: 'other', end: at + 1 };
    if (byte >= 0x30) return { kind: 'mode', end: at + 1 };
  }
  return CUT;
}
