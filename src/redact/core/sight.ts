/*
 * What a reader sees of a stream of bytes: the states of a terminal's parser (ECMA-48, the VT500
 * state diagram), byte by byte. Text is what would be printed; everything else between two
 * characters of a value does not hide it.
 */

/** What one byte is. */
export namespace Token {
  /** A byte of visible text. */
  export const text: i32 = 0;
  /** A control that prints nothing: CR, LF, TAB, NUL, DEL, a stray C1... */
  export const control: i32 = 1;
  /** Backspace: the character before it is struck out. */
  export const erase: i32 = 2;
  /** Part of an escape sequence. */
  export const escape: i32 = 3;
  /** The first byte of an escape sequence. */
  export const escapeStart: i32 = 4;
  /** A byte of the text inside an OSC, DCS, SOS, PM or APC string. */
  export const payload: i32 = 5;
  /** The last byte of such a string, or of an introducer that starts one. */
  export const stringEdge: i32 = 6;
}

namespace State {
  export const ground: i32 = 0;
  export const escape: i32 = 1;
  export const intermediate: i32 = 2;
  export const csi: i32 = 3;
  export const string: i32 = 4;
  export const stringEscape: i32 = 5;
}

const BEL: u8 = 0x07;
const BACKSPACE: u8 = 0x08;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;
const C1_CSI: u8 = 0x9b;
const C1_ST: u8 = 0x9c;

@unmanaged
export class Sight {
  state: i32 = State.ground;
  /** Continuation bytes still to come of a UTF-8 character; controls between them change nothing. */
  missing: i32 = 0;
  missingInString: i32 = 0;

  /** Nothing is open: printable ASCII is text. */
  get plain(): bool {
    return this.state === State.ground && this.missing === 0;
  }

  /** Inside OSC, DCS, SOS, PM or APC. */
  get inString(): bool {
    return this.state === State.string || this.state === State.stringEscape;
  }

  /** There, and not at what may end it. */
  get inPayload(): bool {
    return this.state === State.string;
  }

  take(byte: u8): i32 {
    switch (this.state) {
      case State.escape:
        return this.afterEscape(byte);
      case State.intermediate:
      case State.csi:
        return this.sequence(byte);
      case State.string:
        return this.string(byte);
      case State.stringEscape:
        return this.endString(byte);
      default:
        return this.ground(byte);
    }
  }

  private ground(byte: u8): i32 {
    if (byte >= 0x80) return this.high(byte);
    if (byte >= 0x20) {
      if (byte === DELETE) return Token.control;
      this.missing = 0;
      return Token.text;
    }
    if (byte === ESCAPE) {
      this.state = State.escape;
      return Token.escapeStart;
    }
    if (byte === BACKSPACE) return Token.erase;
    // The charset shifts are modes: they stay, as escapes do.
    return byte === SHIFT_OUT || byte === SHIFT_IN ? Token.escape : Token.control;
  }

  private high(byte: u8): i32 {
    const missing = this.missing;
    this.missing = missingAfter(missing, byte);
    if (missing > 0 || byte >= 0xa0) return Token.text;
    if (byte === C1_CSI) {
      this.state = State.csi;
      return Token.escapeStart;
    }
    if (opensString(byte - 0x40)) {
      this.state = State.string;
      this.missingInString = 0;
      return Token.stringEdge;
    }
    return Token.control;
  }

  private afterEscape(byte: u8): i32 {
    if (byte === ESCAPE) {
      this.state = State.escape;
      return Token.escapeStart;
    }
    if (byte < 0x20) {
      this.cancel(byte);
      if (this.state === State.stringEscape) this.state = State.escape;
      return Token.escape;
    }
    if (byte >= 0x80) {
      this.state = State.ground;
      return this.ground(byte);
    }
    if (byte === 0x5b) this.state = State.csi;
    else if (opensString(byte)) {
      this.state = State.string;
      this.missingInString = 0;
      return Token.stringEdge;
    } else this.state = byte < 0x30 ? State.intermediate : State.ground;
    return Token.escape;
  }

  /** CSI and nF sequences: intermediates and parameters, then one final byte. */
  private sequence(byte: u8): i32 {
    if (byte === ESCAPE) {
      this.state = State.escape;
      return Token.escapeStart;
    }
    if (byte >= 0x80) {
      this.state = State.ground;
      return this.ground(byte);
    }
    if (byte < 0x20) {
      this.cancel(byte);
      return Token.control;
    }
    const lowestFinal: u8 = this.state === State.csi ? 0x40 : 0x30;
    if (byte >= lowestFinal && byte !== DELETE) this.state = State.ground;
    return Token.escape;
  }

  private string(byte: u8): i32 {
    if (byte >= 0x80) {
      const missing = this.missingInString;
      this.missingInString = missingAfter(missing, byte);
      if (missing > 0 || byte !== C1_ST) return Token.payload;
      this.state = State.ground;
      return Token.stringEdge;
    }
    this.missingInString = 0;
    if (byte >= 0x20) return Token.payload;
    if (byte === ESCAPE) {
      this.state = State.stringEscape;
      return Token.stringEdge;
    }
    if (byte === BEL || byte === CANCEL || byte === SUBSTITUTE) {
      this.state = State.ground;
      return Token.stringEdge;
    }
    return Token.escape;
  }

  /** ESC in a string: with a backslash it is ST; any other sequence ends the string as well. */
  private endString(byte: u8): i32 {
    if (byte !== 0x5c) return this.afterEscape(byte);
    this.state = State.ground;
    return Token.stringEdge;
  }

  private cancel(byte: u8): void {
    if (byte === CANCEL || byte === SUBSTITUTE) this.state = State.ground;
  }
}

/**
 * Follows UTF-8: 0x80 to 0x9f are controls only where no character is under way. Gives how many
 * continuation bytes are to come after a byte from 0x80 on.
 */
function missingAfter(missing: i32, byte: u8): i32 {
  if (byte < 0xc0) return max(0, missing - 1);
  if (byte < 0xe0) return 1;
  if (byte < 0xf0) return 2;
  return byte < 0xf5 ? 3 : 0;
}

/** DCS, SOS, OSC, PM and APC, by the byte after ESC. */
export function opensString(byte: u8): bool {
  return byte === 0x50 || byte === 0x58 || (byte >= 0x5d && byte <= 0x5f);
}
