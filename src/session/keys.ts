import { findSequence } from './sequence.ts';

/** What is done with the keyboard that a dialog knows of. */
export type Key = (typeof ANSWERS)[number] | 'enter' | 'interrupt' | 'escape' | Movement;
export type Movement = 'up' | 'down' | 'page up' | 'page down' | 'home' | 'end';

export type KeyReader = {
  /**
   * Takes what one read gave. Gives the keys in it: movements, and another key only when it is all of the read. `other`
   * for what is no known key; nothing of a paste or of a sequence that has not ended.
   */
  read(bytes: Uint8Array): readonly (Key | 'other')[];
  /** Nothing came for a while. Gives `escape` when that key alone is what came last; the rest of a sequence never does. */
  pause(): 'escape' | undefined;
};

const ANSWERS = ['d', 'o', 's'] as const;
const SINGLE = new Map<string, Key>([
  ...ANSWERS.map((answer) => [answer, answer] as const),
  ['\r', 'enter'],
  ['\n', 'enter'],
  ['\x03', 'interrupt'],
]);
/** With CSI or SS3, as the program has set the cursor keys. */
const MOVEMENTS = new Map<string, Movement>([
  ['A', 'up'],
  ['B', 'down'],
  ['H', 'home'],
  ['F', 'end'],
  ['5~', 'page up'],
  ['6~', 'page down'],
  ['1~', 'home'],
  ['4~', 'end'],
]);
const PASTE_BEGIN = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** X10 mouse reports: three characters of any kind follow. */
const MOUSE = '\x1b[M';

/** Gives a reader of what a terminal sends; sequences and pastes may be cut anywhere. */
export function readKeys(): KeyReader {
  let kept = '';
  let pasting = false;

  function next(text: string): { readonly length: number; readonly key: Key | 'other' } | 'cut' {
    if (pasting) {
      const end = text.indexOf(PASTE_END);
      pasting = end === -1;
      if (pasting) return 'cut';
      return { length: end + PASTE_END.length, key: 'other' };
    }
    if (!text.startsWith('\x1b')) return { length: 1, key: SINGLE.get(text) ?? 'other' };
    if (text.startsWith(PASTE_BEGIN)) {
      pasting = true;
      return { length: PASTE_BEGIN.length, key: 'other' };
    }
    const length = lengthOf(text);
    if (length === undefined) return 'cut';
    const isCursorKey = text[1] === '[' || text[1] === 'O';
    const movement = isCursorKey ? MOVEMENTS.get(text.slice(2, length)) : undefined;
    return { length, key: movement ?? 'other' };
  }

  return {
    read(bytes) {
      let text = kept + Buffer.from(bytes).toString('latin1');
      // The end of something: whatever it looks like, it is no key of its own.
      const continues = kept !== '' || pasting;
      kept = '';
      const keys: (Key | 'other')[] = continues ? ['other'] : [];
      while (text !== '') {
        const found = next(text);
        if (found === 'cut') {
          // Of a paste no more is needed than may be the beginning of its end.
          kept = pasting ? text.slice(1 - PASTE_END.length) : text;
          break;
        }
        text = text.slice(found.length);
        keys.push(found.key);
      }
      const isAlone = keys.length === 1 && !continues;
      return isAlone ? keys : keys.map((key) => (isMovement(key) ? key : 'other'));
    },
    pause() {
      const last = kept;
      if (!pasting) kept = '';
      return last === '\x1b' && !pasting ? 'escape' : undefined;
    },
  };
}

export function isMovement(key: Key | 'other'): key is Movement {
  for (const movement of MOVEMENTS.values()) if (movement === key) return true;
  return false;
}

function lengthOf(text: string): number | undefined {
  if (text.startsWith(MOUSE)) return text.length < 6 ? undefined : 6;
  // SS3 and one character: keypad and cursor keys.
  if (text.startsWith('\x1bO')) return text.length < 3 ? undefined : 3;
  const found = findSequence(Buffer.from(text, 'latin1'), 0);
  // A key with Alt; ESC twice is no key either.
  return found.kind === 'cut' ? undefined : Math.max(found.end, 2);
}
