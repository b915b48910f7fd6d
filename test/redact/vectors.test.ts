import assert from 'node:assert/strict';
import test from 'node:test';
import { visibleBytes } from './support.ts';
import { redactEveryWay } from './support.ts';

/**
 * The usual ways in which a value gets past a redactor, 31 of them. A leak is what can be read of
 * the value, or of the named encoding, once escapes and line breaks are removed.
 */

const TOKEN = 'sk-live_9fQ2xT7bLm4Vw8ZrKd1';
const SPECIAL = `p@ss/w+rd&"x'=é$`;
const PEM_LINES = [
  '-----BEGIN TEST KEY-----',
  'MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3+LQmlQ',
  'Yx2eqzDV+xeG8kx/sQFV18S5JhzGeIJNA72wSeukEPojtqUyX2J0CciPBh7eqclQ',
  '-----END TEST KEY-----',
];
const PEM = `${PEM_LINES.join('\n')}\n`;
const SHORT = 'q7Zx';
const SECRETS = [TOKEN, SPECIAL, PEM, SHORT];

interface Vector {
  readonly name: string;
  readonly text: string;
  /** What must not be readable. */
  readonly hidden: readonly string[];
  readonly chunks?: readonly string[];
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const hex = (text: string) => Buffer.from(text).toString('hex');
const fold = (text: string, columns: number, end: string) =>
  (text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []).join(end);
const everyByte = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase()}`).join('');
const PEM_BODY = PEM_LINES.slice(1, 3);

const VECTORS: readonly Vector[] = [
  { name: 'raw', text: TOKEN, hidden: [TOKEN] },
  {
    name: 'split in two',
    text: TOKEN,
    hidden: [TOKEN],
    chunks: [TOKEN.slice(0, 9), TOKEN.slice(9)],
  },
  {
    name: 'split in three',
    text: TOKEN,
    hidden: [TOKEN],
    chunks: [TOKEN.slice(0, 1), TOKEN.slice(1, 20), TOKEN.slice(20)],
  },
  { name: 'byte by byte', text: TOKEN, hidden: [TOKEN], chunks: Array.from(TOKEN) },
  { name: 'base64', text: base64(TOKEN), hidden: [base64(TOKEN)] },
  { name: 'base64 of value and line end', text: base64(`${TOKEN}\n`), hidden: [base64(TOKEN)] },
  { name: 'hex', text: hex(TOKEN), hidden: [hex(TOKEN)] },
  { name: 'URL', text: encodeURIComponent(SPECIAL), hidden: [encodeURIComponent(SPECIAL)] },
  {
    name: 'URL, form',
    text: new URLSearchParams([['k', SPECIAL]]).toString(),
    hidden: [encodeURIComponent(SPECIAL)],
  },
  { name: 'URL, every byte', text: everyByte(SPECIAL), hidden: [everyByte(SPECIAL)] },
  {
    name: 'base64url',
    text: Buffer.from(SPECIAL).toString('base64url'),
    hidden: [Buffer.from(SPECIAL).toString('base64url')],
  },
  {
    name: 'HTTP Basic',
    text: `Basic ${base64(`user:${TOKEN}`)}`,
    hidden: [base64(`user:${TOKEN}`).slice(8, -4)],
  },
  { name: 'base64 folded at 20', text: fold(base64(TOKEN), 20, '\n'), hidden: [base64(TOKEN)] },
  {
    name: 'hex with spaces',
    text: hex(TOKEN).replaceAll(/..(?!$)/g, '$& '),
    hidden: [hex(TOKEN).replaceAll(/..(?!$)/g, '$& ')],
  },
  { name: 'JSON', text: JSON.stringify(SPECIAL).replaceAll('&', '\\u0026'), hidden: ['p@ss/w+rd'] },
  { name: 'JSON of several lines', text: JSON.stringify(PEM), hidden: PEM_BODY },
  { name: 'shell-quoted', text: `'${SPECIAL.replaceAll("'", `'"'"'`)}'`, hidden: ['p@ss/w+rd'] },
  {
    name: 'colour inside',
    text: `${TOKEN.slice(0, 9)}\u001b[31m${TOKEN.slice(9)}`,
    hidden: [TOKEN],
  },
  {
    name: 'colour inside, escape split',
    text: '',
    hidden: [TOKEN],
    chunks: [`${TOKEN.slice(0, 9)}\u001b[3`, `1m${TOKEN.slice(9)}`],
  },
  { name: 'title', text: `\u001b]0;${TOKEN}\u0007`, hidden: [TOKEN] },
  { name: 'hard wrap', text: fold(TOKEN, 10, '\r\n'), hidden: [TOKEN] },
  {
    name: 'wrap by cursor move',
    text: `${TOKEN.slice(0, 9)}\u001b[2;1H${TOKEN.slice(9)}`,
    hidden: [TOKEN],
  },
  { name: 'backspace inside', text: `${TOKEN.slice(0, 9)}X\b${TOKEN.slice(9)}`, hidden: [TOKEN] },
  { name: 'several lines', text: PEM, hidden: PEM_BODY },
  { name: 'several lines with CRLF', text: PEM.replaceAll('\n', '\r\n'), hidden: PEM_BODY },
  { name: 'one line of several', text: `x ${PEM_BODY[0] ?? ''} y`, hidden: PEM_BODY },
  { name: 'several lines, indented', text: PEM.replaceAll(/^/gm, '    '), hidden: PEM_BODY },
  { name: 'upper case', text: TOKEN.toUpperCase(), hidden: [TOKEN.toUpperCase()] },
  {
    name: 'reversed',
    text: Array.from(TOKEN).toReversed().join(''),
    hidden: [Array.from(TOKEN).toReversed().join('')],
  },
  {
    name: 'first 20 characters',
    text: `${TOKEN.slice(0, 20)}...`,
    hidden: [TOKEN.slice(0, 20), TOKEN.slice(8, 20)],
  },
  { name: 'four characters', text: `about ${SHORT} and`, hidden: [SHORT] },
];
/** Not masked, and said so: `sk-live_` is known to all, and 4 characters more do not tell a token. */
const DOCUMENTED: Vector = {
  name: 'first 12 characters',
  text: TOKEN.slice(0, 12),
  hidden: [TOKEN.slice(0, 12)],
};

for (const [where, prepare] of Object.entries({
  'in a pipe': (text: string) => text,
  'in a PTY': (text: string) => text.replaceAll(/(?<!\r)\n/g, '\r\n'),
})) {
  test(`${where} none of ${VECTORS.length} ways leaks`, () => {
    const leaks = VECTORS.filter((vector) => leaksThrough(vector, prepare));
    assert.deepEqual(
      leaks.map((leak) => leak.name),
      [],
    );
  });
}

test('a public prefix with a few characters of the value is not masked', () => {
  assert.ok(leaksThrough(DOCUMENTED, (text) => text));
});

function leaksThrough(vector: Vector, prepare: (text: string) => string): boolean {
  const chunks = (vector.chunks ?? [vector.text]).map(prepare);
  const output = Buffer.from(redactEveryWay(SECRETS, ['out: ', ...chunks, '\n']));
  // Backspaces are undone as a terminal does, titles count as seen.
  const titles = output.toString().replaceAll('\u001b]', '').replaceAll('\u0007', '');
  const seen = [visibleBytes(output), visibleBytes(Buffer.from(titles)), output];
  return vector.hidden.some((text) => seen.some((view) => Buffer.from(view).includes(text)));
}
