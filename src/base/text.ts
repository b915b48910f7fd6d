import stripAnsi from 'strip-ansi';

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Makes text from outside harmless for a terminal: control characters (and those that reorder text)
 * are shown as `\xNN` or `\u{NNNN}`, never sent.
 */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\t') return '\\t';
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u{${code.toString(16).padStart(4, '0')}}`;
  });
}

/** Cleans one line of text from outside before it is stored: escape sequences go, controls become blanks. */
export function cleanLine(text: string): string {
  return stripAnsi(text).replace(CONTROLS, ' ').trim();
}

/** What of `text` a reader sees: without escape sequences and controls. */
export function visibleText(text: string): string {
  return stripAnsi(text).replace(CONTROLS, '');
}
