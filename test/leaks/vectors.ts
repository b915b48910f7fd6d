/**
 * The usual ways in which a value gets past a redactor, 30 of them. They need no bad will: each is
 * what some program does to what it prints.
 */

/** Opaque: no part of it is public, as `ghp_` is. */
export const TOKEN = 'k9fQ2xT7bLm4Vw8ZrKd1hGs6JnY';
export const SPECIAL = `p@ss/w+rd&"x'=é$`;
const PEM_LINES = [
  '-----BEGIN TEST KEY-----',
  'MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3+LQmlQ',
  'Yx2eqzDV+xeG8kx/sQFV18S5JhzGeIJNA72wSeukEPojtqUyX2J0CciPBh7eqclQ',
  '-----END TEST KEY-----',
];
export const PEM = PEM_LINES.join('\n');
/** The vault takes none so short: it would mask ordinary text everywhere. */
export const TWO_CHARACTERS = 'q7';

export interface Vector {
  readonly name: string;
  /** Written one after the other, `gapMs` apart. */
  readonly chunks: readonly string[];
  readonly gapMs: number;
  /** What must not be readable: the value, the named encoding of it. */
  readonly hidden: readonly string[];
}

const FIRST = TOKEN.slice(0, 9);
const REST = TOKEN.slice(9);
/** What every PEM file has is no secret. */
const PEM_BODY = PEM_LINES.slice(1, -1);
const PEM_TEXT = `${PEM}\n`;
const SPACED_HEX = hex(TOKEN).replaceAll(/..(?!$)/g, '$& ');
const BASIC = base64(`user:${TOKEN}`);
/** Characters of BASIC that hold `user:` and nothing else. */
const BASIC_USER = 6;
const QUOTED = SPECIAL.replaceAll("'", `'"'"'`);

export const VECTORS: readonly Vector[] = [
  vector('raw', TOKEN),
  split('split, 20 ms gap', [FIRST, REST], 20, TOKEN),
  split('split, 400 ms gap', [FIRST, REST], 400, TOKEN),
  split('byte by byte, 2 ms', Array.from(TOKEN), 2, TOKEN),
  vector('base64', base64(TOKEN)),
  vector('base64 of value+\\n', base64(`${TOKEN}\n`)),
  vector('hex', hex(TOKEN)),
  vector('url', encodeURIComponent(SPECIAL)),
  vector('url+', new URLSearchParams([['k', SPECIAL]]).toString().slice(2)),
  vector('base64url', Buffer.from(SPECIAL).toString('base64url')),
  vector('base64("user:"+value)', BASIC, BASIC.slice(BASIC_USER)),
  vector('base64 folded at 20 cols', fold(base64(TOKEN), 20, '\n'), base64(TOKEN)),
  vector('hex with spaces', SPACED_HEX, SPACED_HEX, hex(TOKEN)),
  vector('JSON string', JSON.stringify(SPECIAL), JSON.stringify(SPECIAL).slice(1, -1), SPECIAL),
  vector('JSON of PEM', JSON.stringify(PEM_TEXT), ...PEM_BODY),
  vector('shell-quoted', `'${QUOTED}'`, QUOTED, SPECIAL),
  vector('colour escape inside', `${FIRST}\u001b[31m${REST}\u001b[0m`, TOKEN),
  split('escape split', [`${FIRST}\u001b[3`, `1m${REST}\u001b[0m`], 20, TOKEN),
  vector('OSC title', `\u001b]0;${TOKEN}\u0007`, TOKEN),
  vector('hard wrap with CRLF', fold(TOKEN, 10, '\r\n'), TOKEN),
  vector('wrap by cursor move', `${FIRST}\u001b[2;1H${REST}`, TOKEN),
  vector('X+backspace', `${FIRST}X\b${REST}`, TOKEN),
  vector('PEM \\n', PEM_TEXT, ...PEM_BODY),
  vector('PEM \\r\\n', PEM_TEXT.replaceAll('\n', '\r\n'), ...PEM_BODY),
  vector('one PEM line only', PEM_BODY[0] ?? '', ...PEM_BODY),
  vector('PEM indented', PEM_TEXT.replaceAll(/^(?=.)/gm, '    '), ...PEM_BODY),
  vector('first 12 chars', TOKEN.slice(0, 12)),
  vector('upper-cased', TOKEN.toUpperCase()),
  vector('reversed', Array.from(TOKEN).toReversed().join('')),
  vector('2-char value', `about ${TWO_CHARACTERS} and`, TWO_CHARACTERS),
];

/** Of these it is known that they leak; docs/redaction.md says why. */
export const KNOWN_LEAKS = ['2-char value'];

/** Without `hidden` it is the text itself that must not be readable. */
function vector(name: string, text: string, ...hidden: readonly string[]): Vector {
  return { name, chunks: [text], gapMs: 0, hidden: hidden.length === 0 ? [text] : hidden };
}

function split(name: string, chunks: readonly string[], gapMs: number, value: string): Vector {
  return { name, chunks, gapMs, hidden: [value] };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

function fold(text: string, columns: number, end: string): string {
  return (text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []).join(end);
}
