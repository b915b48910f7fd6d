import { Needles } from './needles';
import { Stream } from './stream';
import { View, Watcher } from './watcher';

/*
 * The clipboard sequence, OSC 52: `52;SELECTION;BASE64`. A value in it is found as base64 by itself; but
 * what is copied may hold an encoding of one, and that shows only when it is decoded.
 */

namespace State {
  export const off: i32 = 0;
  export const number: i32 = 1;
  export const selection: i32 = 2;
  export const data: i32 = 3;
}

const OPENS_OSC: u8 = 0x5d;
const C1_OSC: u8 = 0x9d;
const SEMICOLON: u8 = 0x3b;
/** `52;`, its first character in the lowest byte. */
const NUMBER: u32 = 0x3b3235;
const NUMBER_LENGTH: i32 = 3;

@unmanaged
export class Clipboard {
  watcher: Watcher;
  state: i32 = State.off;
  matched: i32 = 0;
  /** Decoded bits that make no whole byte yet, how many, and where their character is. */
  bits: u32 = 0;
  bitCount: i32 = 0;
  bitsAt: f64 = 0;

  constructor(stream: Stream, needles: Needles) {
    this.watcher = new Watcher(stream, needles, View.clipboard);
  }

  /** What passes is no clipboard sequence. */
  get idle(): bool {
    return this.state === State.off;
  }

  free(): void {
    this.watcher.free();
    heap.free(changetype<usize>(this));
  }

  /** An escape string begins or ends with this byte. */
  edge(byte: u8, begins: bool): void {
    if (this.state === State.data) this.watcher.reset();
    this.state = begins && (byte === OPENS_OSC || byte === C1_OSC) ? State.number : State.off;
    this.matched = 0;
    this.bits = 0;
    this.bitCount = 0;
  }

  /** Takes in a byte of the string. */
  take(byte: u8, at: f64): void {
    switch (this.state) {
      case State.number:
        if (byte !== <u8>(NUMBER >> (this.matched * 8))) this.state = State.off;
        else if (++this.matched === NUMBER_LENGTH) this.state = State.selection;
        return;
      case State.selection:
        if (byte === SEMICOLON) this.state = State.data;
        return;
      case State.data:
        this.decode(sextetOf(byte), at);
        if (at > this.watcher.reviewAt) this.watcher.limitGap(at);
    }
  }

  private decode(sextet: i32, at: f64): void {
    if (sextet < 0) return;
    this.bits = (this.bits << 6) | sextet;
    this.bitCount += 6;
    if (this.bitCount >= 8) {
      this.bitCount -= 8;
      const byte = <u8>(this.bits >> this.bitCount);
      if (byte >= 0x20) {
        // It begins in the character before.
        this.watcher.overstruck = this.bitsAt;
        this.watcher.push(byte, at);
      }
    }
    this.bitsAt = at;
  }
}

/** The six bits of a character of base64 or base64url, -1 for any other. */
function sextetOf(byte: u8): i32 {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52;
  if (byte === 0x2b || byte === 0x2d) return 62;
  return byte === 0x2f || byte === 0x5f ? 63 : -1;
}
