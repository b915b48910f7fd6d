import {
  applyCsi,
  isAlternate,
  neutralSequence,
  plainState,
  reinstatingSequence,
  type ModeState,
} from './mode-state.ts';
import { findSequence, type Sequence } from './sequence.ts';

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
const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;
const NOTHING = new Uint8Array();

export function followModes(): Modes {
  let state = plainState();
  let kept = NOTHING;
  /** The beginning of a string that is too long to be kept; a harmless one of the same kind. */
  let skipping = '';

  function scan(data: Uint8Array): void {
    // Colours are set again and again: only what was set since they were last all unset is looked at.
    let coloursFrom = -1;
    let at = 0;
    for (; at < data.length; at++) {
      const byte = data[at] ?? 0;
      if (byte >= 0x20) continue;
      if (byte === SHIFT_OUT || byte === SHIFT_IN) state.shift = String.fromCharCode(byte);
      if (byte !== ESC) continue;
      const found = findSequence(data, at);
      if (found.kind === 'cut') break;
      if (found.kind === 'colours') {
        if (coloursFrom === -1) coloursFrom = at;
      } else if (found.kind === 'plain') {
        state.rendition.clear();
        coloursFrom = -1;
      } else {
        state = apply(state, data, at, found);
      }
      at = found.end - 1;
    }
    if (coloursFrom !== -1) applyColours(state, data, coloursFrom, at);
    keep(at < data.length ? data.subarray(at) : cutCharacter(data));
  }

  function keep(rest: Uint8Array): void {
    kept = rest.length > MAX_KEPT_BYTES ? NOTHING : Uint8Array.from(rest);
    if (rest.length <= MAX_KEPT_BYTES) return;
    // An OSC that no terminal knows, ended by what ends the real one; SOS for the other strings.
    skipping = rest[1] === 0x5d ? '\x1b]9999;' : '\x1bX';
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
      if (hasControls(data)) scan(data);
      else keep(cutCharacter(data));
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

function hasControls(data: Uint8Array): boolean {
  return data.includes(ESC) || data.includes(SHIFT_OUT) || data.includes(SHIFT_IN);
}

function apply(state: ModeState, data: Uint8Array, from: number, found: Sequence): ModeState {
  if (found.kind === 'other') return state;
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString(
    'latin1',
    from,
    found.end,
  );
  if (found.kind === 'csi') applyCsi(state, text.slice(2, -1), text.at(-1) ?? '');
  // `OSC 8 ; parameters ; address`: no address ends the link.
  else if (text.startsWith('\x1b]8;')) {
    // oxlint-disable-next-line no-control-regex -- the end of the string
    state.link = /^\x1b\]8;[^;]*;(\x07|\x1b\\)?$/.test(text) ? '' : text;
  } else if (text.startsWith('\x1b(')) state.charset = text === '\x1b(B' ? '' : text;
  else if (text === '\x1bn' || text === '\x1bo') state.shift = text;
  else if (text === '\x1bc') return plainState();
  return state;
}

function applyColours(state: ModeState, data: Uint8Array, from: number, end: number): void {
  for (let at = data.indexOf(ESC, from); at !== -1 && at < end; at = data.indexOf(ESC, at + 1)) {
    const found = findSequence(data, at);
    if (found.kind !== 'colours') continue;
    const text = Buffer.from(data.subarray(at + 2, found.end - 1)).toString('latin1');
    applyCsi(state, text, 'm');
  }
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
