/**
 * What a reader sees of a stream of bytes: the states of a terminal's parser (ECMA-48, the VT500
 * state diagram), byte by byte. Text is what would be printed; everything else between two
 * characters of a value does not hide it.
 */

/** What one byte is. */
export const Token = {
  /** A byte of visible text. */
  text: 0,
  /** A control that prints nothing: CR, LF, TAB, NUL, DEL, a stray C1... */
  control: 1,
  /** Backspace: the character before it is struck out. */
  erase: 2,
  /** Part of an escape sequence. */
  escape: 3,
  /** The first byte of an escape sequence. */
  escapeStart: 4,
  /** A byte of the text inside an OSC, DCS, SOS, PM or APC string. */
  payload: 5,
  /** The last byte of such a string, or of an introducer that starts one. */
  stringEdge: 6,
} as const;
export type Token = (typeof Token)[keyof typeof Token];

const State = {
  ground: 0,
  escape: 1,
  intermediate: 2,
  csi: 3,
  string: 4,
  stringEscape: 5,
} as const;
type State = (typeof State)[keyof typeof State];

const BEL = 0x07;
const BACKSPACE = 0x08;
const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;
const CANCEL = 0x18;
const SUBSTITUTE = 0x1a;
const ESCAPE = 0x1b;
const DELETE = 0x7f;
const C1_CSI = 0x9b;
const C1_ST = 0x9c;

export class Sight {
  #state: State = State.ground;
  /** Continuation bytes still to come of a UTF-8 character; controls between them change nothing. */
  #missing = 0;
  #missingInString = 0;

  /** Nothing is open: printable ASCII is text. */
  get plain(): boolean {
    return this.#state === State.ground && this.#missing === 0;
  }

  /** Inside OSC, DCS, SOS, PM or APC. */
  get inString(): boolean {
    return this.#state === State.string || this.#state === State.stringEscape;
  }

  get inEscape(): boolean {
    return this.#state !== State.ground;
  }

  take(byte: number): Token {
    switch (this.#state) {
      case State.escape:
        return this.#afterEscape(byte);
      case State.intermediate:
      case State.csi:
        return this.#sequence(byte);
      case State.string:
        return this.#string(byte);
      case State.stringEscape:
        return this.#endString(byte);
      case State.ground:
      default:
        return this.#ground(byte);
    }
  }

  #ground(byte: number): Token {
    if (byte >= 0x80) return this.#high(byte);
    if (byte >= 0x20) {
      if (byte === DELETE) return Token.control;
      this.#missing = 0;
      return Token.text;
    }
    if (byte === ESCAPE) {
      this.#state = State.escape;
      return Token.escapeStart;
    }
    if (byte === BACKSPACE) return Token.erase;
    // The charset shifts are modes: they stay, as escapes do.
    return byte === SHIFT_OUT || byte === SHIFT_IN ? Token.escape : Token.control;
  }

  #high(byte: number): Token {
    const missing = this.#missing;
    this.#missing = missingAfter(missing, byte);
    if (missing > 0 || byte >= 0xa0) return Token.text;
    if (byte === C1_CSI) {
      this.#state = State.csi;
      return Token.escapeStart;
    }
    if (opensString(byte - 0x40)) {
      this.#state = State.string;
      this.#missingInString = 0;
      return Token.stringEdge;
    }
    return Token.control;
  }

  #afterEscape(byte: number): Token {
    if (byte === ESCAPE) {
      this.#state = State.escape;
      return Token.escapeStart;
    }
    if (byte < 0x20) {
      this.#cancel(byte);
      if (this.#state === State.stringEscape) this.#state = State.escape;
      return Token.escape;
    }
    if (byte >= 0x80) {
      this.#state = State.ground;
      return this.#ground(byte);
    }
    if (byte === 0x5b) this.#state = State.csi;
    else if (opensString(byte)) {
      this.#state = State.string;
      this.#missingInString = 0;
      return Token.stringEdge;
    } else this.#state = byte < 0x30 ? State.intermediate : State.ground;
    return Token.escape;
  }

  /** CSI and nF sequences: intermediates and parameters, then one final byte. */
  #sequence(byte: number): Token {
    if (byte === ESCAPE) {
      this.#state = State.escape;
      return Token.escapeStart;
    }
    if (byte >= 0x80) {
      this.#state = State.ground;
      return this.#ground(byte);
    }
    if (byte < 0x20) {
      this.#cancel(byte);
      return Token.control;
    }
    const lowestFinal = this.#state === State.csi ? 0x40 : 0x30;
    if (byte >= lowestFinal && byte !== DELETE) this.#state = State.ground;
    return Token.escape;
  }

  #string(byte: number): Token {
    if (byte >= 0x80) {
      const missing = this.#missingInString;
      this.#missingInString = missingAfter(missing, byte);
      if (missing > 0 || byte !== C1_ST) return Token.payload;
      this.#state = State.ground;
      return Token.stringEdge;
    }
    this.#missingInString = 0;
    if (byte >= 0x20) return Token.payload;
    if (byte === ESCAPE) {
      this.#state = State.stringEscape;
      return Token.stringEdge;
    }
    if (byte === BEL || byte === CANCEL || byte === SUBSTITUTE) {
      this.#state = State.ground;
      return Token.stringEdge;
    }
    return Token.escape;
  }

  /** ESC in a string: with a backslash it is ST; any other sequence ends the string as well. */
  #endString(byte: number): Token {
    if (byte !== 0x5c) return this.#afterEscape(byte);
    this.#state = State.ground;
    return Token.stringEdge;
  }

  #cancel(byte: number): void {
    if (byte === CANCEL || byte === SUBSTITUTE) this.#state = State.ground;
  }
}

/**
 * Follows UTF-8: 0x80 to 0x9f are controls only where no character is under way. Gives how many
 * continuation bytes are to come after a byte from 0x80 on.
 */
function missingAfter(missing: number, byte: number): number {
  if (byte < 0xc0) return Math.max(0, missing - 1);
  if (byte < 0xe0) return 1;
  if (byte < 0xf0) return 2;
  return byte < 0xf5 ? 3 : 0;
}

/** DCS, SOS, OSC, PM and APC, by the byte after ESC. */
function opensString(byte: number): boolean {
  return byte === 0x50 || byte === 0x58 || (byte >= 0x5d && byte <= 0x5f);
}

/** The bytes of a value that a reader sees, which is what is searched for. */
export function visibleBytes(bytes: Uint8Array): Uint8Array {
  const sight = new Sight();
  const visible = new Uint8Array(bytes.length);
  let length = 0;
  for (const byte of bytes) {
    const token = sight.take(byte);
    if (token === Token.text) visible[length++] = byte;
    else if (token === Token.erase) length -= lastCharacter(visible, length);
  }
  return visible.subarray(0, length);
}

/** Length in bytes of the UTF-8 character that ends at `end`. */
function lastCharacter(bytes: Uint8Array, end: number): number {
  let length = 0;
  while (length < end && isContinuation(bytes[end - 1 - length] ?? 0)) length++;
  return Math.min(end, length + 1);
}

export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
