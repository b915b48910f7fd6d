import { native } from '../base/native.ts';
import {
  applyCsi,
  isAlternate,
  neutralSequence,
  plainState,
  reinstatingSequence,
  type ModeState,
} from './mode-state.ts';
import { findSequence } from './sequence.ts';

/** What a program has made of the terminal it writes to. */
export type Modes = {
  /** Follows what is written to the terminal, cut anywhere. Nothing is changed or kept of `bytes`. */
  write(bytes: Uint8Array): void;
  /** The program is on the alternate screen. */
  isAlternate(): boolean;
  /** Nothing is cut at the moment: no sequence, no character. */
  isWhole(): boolean;
  /** Gives what makes the terminal ready to be drawn on by somebody else, in the middle of a sequence too. */
  neutral(): Uint8Array;
  /** Gives what undoes that, the beginning of the cut sequence included. */
  reinstating(): Uint8Array;
};

/** Longer strings (pictures) are not kept: cut by a dialog they are lost. */
const MAX_KEPT_BYTES = 4096;
const ESC = 0x1b;
const OSC = 0x5d;
/** OSC, DCS, SOS, PM, APC. */
const STRINGS: readonly number[] = [OSC, 0x50, 0x58, 0x5e, 0x5f];
const NOTHING = new Uint8Array();
const LINK_START = '\x1b]8;';

export function followModes(): Modes {
  let state = plainState();
  let kept = NOTHING;
  /** The beginning of a string that is too long to be kept; a harmless one of the same kind. */
  let skipping = '';

  function scan(data: Uint8Array): void {
    const { findMode } = native();
    for (let at = findMode(data, 0); at < data.length; at = findMode(data, at)) {
      if (data[at] !== ESC) {
        state.shift = String.fromCharCode(data[at] ?? 0);
        at++;
        continue;
      }
      const found = findSequence(data, at);
      if (found.kind === 'cut') {
        keep(data.subarray(at));
        return;
      }
      if (found.kind !== 'other') state = apply(state, latin1(data.subarray(at, found.end)));
      at = found.end;
    }
    keep(cutCharacter(data));
  }

  function keep(rest: Uint8Array): void {
    kept = Uint8Array.from(rest);
    if (rest.length <= MAX_KEPT_BYTES) return;
    const introducer = rest[1] ?? 0;
    // Of the parameters of a CSI, which nobody sends so many of, none are kept.
    kept = STRINGS.includes(introducer) ? NOTHING : rest.slice(0, 2);
    // An OSC that no terminal knows, ended by what ends the real one; SOS for the other strings.
    if (kept === NOTHING) skipping = introducer === OSC ? '\x1b]9999;' : '\x1bX';
  }

  /** Gives the rest of `bytes` after the string that is skipped. */
  function skip(bytes: Uint8Array): Uint8Array {
    const start = Buffer.from(skipping + (kept.length > 0 ? '\x1b' : ''), 'latin1');
    const data = Buffer.concat([start, bytes]);
    kept = NOTHING;
    const found = findSequence(data, 0);
    if (found.kind !== 'cut') {
      skipping = '';
      return data.subarray(found.end);
    }
    if (data.at(-1) === ESC) kept = Uint8Array.of(ESC);
    return NOTHING;
  }

  return {
    write(bytes) {
      let data = bytes;
      if (skipping !== '') {
        data = skip(data);
        if (skipping !== '') return;
      } else if (kept.length > 0) {
        data = Buffer.concat([kept, data]);
      }
      scan(data);
    },
    isAlternate: () => isAlternate(state),
    isWhole: () => kept.length === 0 && skipping === '',
    neutral() {
      // CAN ends every sequence; ST for terminals that read it as part of a string.
      const abort = kept.length === 0 && skipping === '' ? '' : '\x18\x1b\\';
      return Buffer.from(abort + neutralSequence(state), 'latin1');
    },
    reinstating: () =>
      Buffer.concat([Buffer.from(reinstatingSequence(state) + skipping, 'latin1'), kept]),
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Gives the state after a whole sequence. */
function apply(state: ModeState, sequence: string): ModeState {
  if (sequence === '\x1bc') return plainState();
  if (sequence.startsWith('\x1b[')) applyCsi(state, sequence.slice(2, -1), sequence.slice(-1));
  else if (sequence.startsWith('\x1b(')) state.charset = sequence === '\x1b(B' ? '' : sequence;
  else if (sequence === '\x1bn' || sequence === '\x1bo') state.shift = sequence;
  // `OSC 8 ; parameters ; address`: no address ends the link.
  else if (sequence.startsWith(LINK_START)) {
    const address = sequence.slice(sequence.indexOf(';', LINK_START.length) + 1);
    state.link = ['', '\x07', '\x1b\\'].includes(address) ? '' : sequence;
  }
  return state;
}

/** Gives the bytes at the end that begin a character of UTF-8. */
function cutCharacter(data: Uint8Array): Uint8Array {
  for (let length = 1; length <= Math.min(3, data.length); length++) {
    const byte = data[data.length - length] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const whole = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length < whole ? data.subarray(data.length - length) : NOTHING;
  }
  return NOTHING;
}
