/**
 * The modes of a terminal that matter to whoever draws on it for a while, as a program has set them. Cursor and colours
 * are not among them: the terminal itself keeps these (DECSC).
 */
export type ModeState = {
  /** DEC private modes, by what was last said of them. */
  readonly modes: Map<number, boolean>;
  insert: boolean;
  /** Left and right margins (DECSLRM). */
  margins: string;
  /** What was last designated as G0. */
  charset: string;
  /** Which of G0 to G3 is in use. */
  shift: string;
  /** The OSC 8 of an open link. */
  link: string;
  modifyOtherKeys: string;
  /** The kitty keyboard protocol was used. */
  kitty: boolean;
};

export function plainState(): ModeState {
  return {
    modes: new Map(),
    insert: false,
    margins: '',
    charset: '',
    shift: '',
    link: '',
    modifyOtherKeys: '',
    kitty: false,
  };
}

const CURSOR = 25;
const ORIGIN = 6;
const LEFT_RIGHT = 69;
const PASTE = 2004;
const SYNCHRONIZED = 2026;
const ALTERNATE = [47, 1047, 1049] as const;
/** Which events are reported; how is no matter while none are. */
const MOUSE = [9, 1000, 1001, 1002, 1003] as const;
const TRACKED: ReadonlySet<number> = new Set([
  CURSOR,
  ORIGIN,
  LEFT_RIGHT,
  PASTE,
  SYNCHRONIZED,
  ...ALTERNATE,
  ...MOUSE,
]);

/** Follows one CSI sequence, given by what stands between `CSI` and its last character. */
export function applyCsi(state: ModeState, parameters: string, final: string): void {
  if (final === 'm') {
    if (parameters.startsWith('>4')) state.modifyOtherKeys = parameters.slice(3);
  } else if (final === 'h' || final === 'l') {
    applyMode(state, parameters, final === 'h');
  } else if (final === 'u') {
    if (/^[<=>]/.test(parameters)) state.kitty = true;
  } else if (final === 's') {
    if (state.modes.get(LEFT_RIGHT) === true) state.margins = parameters;
  } else if (final === 'p' && parameters === '!') {
    softReset(state);
  }
}

function applyMode(state: ModeState, parameters: string, on: boolean): void {
  if (!parameters.startsWith('?')) {
    if (parameters.split(';').includes('4')) state.insert = on;
    return;
  }
  for (const mode of parameters.slice(1).split(';').map(Number)) {
    if (TRACKED.has(mode)) state.modes.set(mode, on);
    if (mode === LEFT_RIGHT) state.margins = '';
  }
}

/** DECSTR. */
function softReset(state: ModeState): void {
  state.insert = false;
  state.charset = '';
  state.shift = '';
  state.margins = '';
  for (const mode of [CURSOR, ORIGIN, LEFT_RIGHT]) state.modes.delete(mode);
}

export function isAlternate({ modes }: ModeState): boolean {
  return ALTERNATE.some((mode) => modes.get(mode) === true);
}

/**
 * Gives what makes the terminal ready to be drawn on: an empty screen, no cursor, plain text, keys as plain bytes and
 * pastes in brackets. Scroll region and cursor and keypad keys stay as they are: whoever draws does not scroll, and
 * understands both kinds of keys.
 */
export function neutralSequence(state: ModeState): string {
  const set = isSet(state);
  return [
    set(SYNCHRONIZED) ? '\x1b[?2026l' : '',
    // 1049 saves the cursor too, but not everywhere the character set.
    '\x1b7',
    isAlternate(state) ? '' : '\x1b[?1049h',
    state.link === '' ? '' : '\x1b]8;;\x1b\\',
    '\x0f\x1b(B\x1b[0m',
    set(ORIGIN) ? '\x1b[?6l' : '',
    set(LEFT_RIGHT) ? '\x1b[?69l' : '',
    state.insert ? '\x1b[4l' : '',
    ...MOUSE.filter(set).map((mode) => `\x1b[?${String(mode)}l`),
    state.modifyOtherKeys === '' ? '' : '\x1b[>4m',
    state.kitty ? '\x1b[>0u' : '',
    '\x1b[?2004h\x1b[?25l\x1b[2J',
  ].join('');
}

/** Gives what undoes `neutralSequence`. Of an alternate screen an empty one is left: the program must draw it again. */
export function reinstatingSequence(state: ModeState): string {
  const set = isSet(state);
  return [
    '\x1b[0m\x1b[2J',
    // kitty keeps one stack for each screen.
    state.kitty ? '\x1b[<u' : '',
    state.modifyOtherKeys === '' ? '' : `\x1b[>4;${state.modifyOtherKeys}m`,
    // These move the cursor, so they stand before it is put back.
    set(LEFT_RIGHT) ? `\x1b[?69h\x1b[${state.margins}s` : '',
    set(ORIGIN) ? '\x1b[?6h' : '',
    isAlternate(state) ? '' : '\x1b[?1049l',
    // Not all of what is in use is put back with it (xterm.js).
    state.charset,
    state.shift,
    '\x1b8',
    state.insert ? '\x1b[4h' : '',
    state.link,
    ...MOUSE.filter(set).map((mode) => `\x1b[?${String(mode)}h`),
    set(PASTE) ? '' : '\x1b[?2004l',
    state.modes.get(CURSOR) === false ? '' : '\x1b[?25h',
    set(SYNCHRONIZED) ? '\x1b[?2026h' : '',
  ].join('');
}

function isSet({ modes }: ModeState): (mode: number) => boolean {
  return (mode) => modes.get(mode) === true;
}
