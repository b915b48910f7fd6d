import { VaultShellError } from '../base/errors.ts';

export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** 1-based line of the name. */
  readonly line: number;
}

const START = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_./-]*)\s*=[ \t]*/;

/**
 * Reads the `KEY=VALUE` lines of a `.env` file: comments, `export`, values bare or in `'`, `"` or
 * `` ` `` (those may go over lines; `\n` and the like mean something in `"` only). Unlike the usual
 * readers it refuses a line that it does not understand, by number, and never shows the line.
 */
export function readDotenv(text: string): Assignment[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .split('\n');
  const found: Assignment[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const number = at + 1;
    at += 1;
    if (/^\s*(#|$)/.test(line)) continue;
    const start = START.exec(line);
    if (start === null || start[1] === undefined) {
      throw bad(number, 'not of the form KEY=VALUE');
    }
    let rest = line.slice(start[0].length);
    const quote = rest[0];
    if (quote === "'" || quote === '"' || quote === '`') {
      rest = rest.slice(1);
      let end = closing(rest, quote);
      while (end === -1) {
        const next = lines[at];
        if (next === undefined) throw bad(number, 'the quote is not closed');
        at += 1;
        rest += `\n${next}`;
        end = closing(rest, quote);
      }
      if (!/^\s*(#.*)?$/.test(rest.slice(end + 1)))
        throw bad(number, 'text after the closing quote');
      const body = rest.slice(0, end);
      found.push({ name: start[1], value: quote === '"' ? unescape(body) : body, line: number });
    } else {
      found.push({ name: start[1], value: rest.replace(/\s#.*$/, '').trim(), line: number });
    }
  }
  return found;
}

function closing(text: string, quote: string): number {
  for (let at = 0; at < text.length; at += 1) {
    if (quote === '"' && text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

function unescape(text: string): string {
  const meanings: Record<string, string> = {
    n: '\n',
    r: '\r',
    t: '\t',
    '"': '"',
    '\\': '\\',
    $: '$',
  };
  return text.replace(/\\(.)/gs, (whole: string, letter: string) => meanings[letter] ?? whole);
}

function bad(line: number, why: string): VaultShellError {
  return new VaultShellError('BAD_VALUE', `line ${String(line)}: ${why}`, {
    hint: 'nothing was imported',
  });
}
