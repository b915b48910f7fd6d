import { escapeControls } from '../base/text.ts';
import type { ApprovalRequest } from '../broker/approval.ts';
import type { WindowSize } from '../base/native.ts';

export type View = {
  readonly request: ApprovalRequest;
  readonly size: WindowSize;
  /** The first line shown of what is asked. */
  readonly top: number;
  /** Keys are taken. */
  readonly isReady: boolean;
  readonly colour: boolean;
};

export type Page = {
  /** Draws it, from the first row to the last; no line is as long as the window is wide. */
  readonly text: string;
  /** The last first line that makes sense. */
  readonly lastTop: number;
  /** How many lines of what is asked are shown at once. */
  readonly height: number;
};

const TITLE = 'vault-shell: a program asks for a secret';
/** The longest that fits. */
const KEYS = [
  'd deny   o allow once   s allow for this session (at most 24 h)',
  'd deny   o once   s session',
  'deny/once/session?',
  'd/o/s?',
];
const WAITING = 'wait...';
const LABEL_COLUMNS = 10;

/** Lays out what a human is asked. */
export function layOut({ request, size, top, isReady, colour }: View): Page {
  const columns = Math.max(1, size.columns - 1);
  const style = (code: number, text: string): string =>
    colour ? `\x1b[${String(code)}m${text}\x1b[0m` : text;
  const lines = describe(request).flatMap(([label, text]) => wrapEntry(label, text, columns));
  const titled = size.rows > 3 ? 1 : 0;
  const room = Math.max(1, size.rows - titled - 1);
  const fits = lines.length <= room;
  // A line that says how much is not shown.
  const height = fits || room === 1 ? room : room - 1;
  const lastTop = Math.max(0, lines.length - height);
  const first = Math.min(top, lastTop);
  const rows = lines.slice(first, first + height);
  while (rows.length < height) rows.push('');
  if (!fits && room > 1) {
    const above = countCharacters(lines.slice(0, first));
    const below = countCharacters(lines.slice(first + height));
    rows.push(style(7, cut(hiddenText(above, below, columns), columns)));
  }
  if (titled === 1) rows.unshift(style(1, cut(TITLE, columns)));
  const keys = KEYS.find((text) => text.length <= columns) ?? '';
  rows.push(style(1, isReady ? keys : cut(WAITING, columns)));
  return {
    text: rows.map((row, index) => `\x1b[${String(index + 1)};1H${row}\x1b[K`).join(''),
    lastTop,
    height,
  };
}

/** What is asked, the most important first: labels and texts. */
function describe(request: ApprovalRequest): (readonly [string, string])[] {
  const { asker, secrets, command, cwd, file } = request;
  const agent = asker?.agent === undefined ? '' : `, for ${asker.agent}`;
  const chain = asker === undefined ? [] : [asker, ...asker.parents];
  const names = chain.map(({ pid, program }) => `${program || '?'} (${String(pid)})`);
  return [
    ...secrets.map((secret) => ['secret', describeSecret(secret)] as const),
    ['command', command],
    ['program', file ?? 'unknown'],
    ['asked by', names.length === 0 ? 'unknown' : `${names.join(' < ')}${agent}`],
    ['in', cwd],
  ];
}

function describeSecret(secret: ApprovalRequest['secrets'][number]): string {
  const attributes = [
    ['provider', secret.provider],
    ['account', secret.account],
    ['environment', secret.environment],
    ['access', secret.access],
    ['tags', secret.tags],
  ].filter(([, value]) => value !== null && value !== '');
  const text = attributes.map(([label, value]) => `${label ?? ''} ${value ?? ''}`).join(', ');
  return text === '' ? secret.name : `${secret.name} (${text})`;
}

function wrapEntry(label: string, text: string, columns: number): string[] {
  const narrow = columns < 3 * LABEL_COLUMNS;
  const indent = narrow ? 0 : LABEL_COLUMNS;
  const shown = narrow ? `${label}: ${escapeHidden(text)}` : escapeHidden(text);
  const wrapped = wrap(shown, columns - indent);
  return wrapped.map((line, index) =>
    narrow ? line : (index === 0 ? label : '').padEnd(indent) + line,
  );
}

// Format characters, unassigned and private ones, and blanks that look like nothing or like a line end.
const HIDDEN = /[\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/** Also shows what is there and cannot be seen. */
function escapeHidden(text: string): string {
  return escapeControls(text).replace(
    HIDDEN,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`,
  );
}

/** Cuts text, which has no controls, into lines. All of it is there, blanks too. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  for (const character of text) {
    if (width + widthOf(character) > columns && line !== '') {
      lines.push(line);
      line = '';
      width = 0;
    }
    line += character;
    width += widthOf(character);
  }
  lines.push(line);
  return lines;
}

/** Never less than a terminal takes: whether two columns are needed is not known of all the rest. */
function widthOf(character: string): number {
  return character < '\x7f' ? 1 : 2;
}

function cut(text: string, columns: number): string {
  return text.slice(0, columns);
}

function countCharacters(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.trimStart().length, 0);
}

function hiddenText(above: number, below: number, columns: number): string {
  const long = `${String(below)} more characters below, ${String(above)} above; arrows scroll`;
  return long.length <= columns ? long : `+${String(below)} down +${String(above)} up`;
}
