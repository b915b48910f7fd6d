import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { redactEveryWay } from './support.ts';

/** What well-known writers make of a value: a writer, the value, and its output to the letter. */
type Row = readonly [writer: string, value: string, text: string];

const JSON_VALUE = 'tok/A\'b"c&d<e>f+g`h\\i';
const JSON_BEYOND = 'tok/A\'b"cé&d<9>';
const MARKUP_VALUE = 'pw"A\'b/c`d=e+f<g>&h';
const SHELL_VALUE = `it's "A" $b! \\c,#~=d`;

const ROWS: readonly Row[] = [
  ['JSON, Python', JSON_BEYOND, String.raw`tok/A'b\"c\u00e9&d<9>`],
  ['JSON, upper case', JSON_BEYOND, String.raw`tok/A'b\"c\u00E9&d<9>`],
  ['JSON, PHP', JSON_BEYOND, String.raw`tok\/A'b\"c\u00e9&d<9>`],
  ['JSON, Go', JSON_VALUE, String.raw`tok/A'b\"c\u0026d\u003ce\u003ef+g${'`'}h\\i`],
  ['JSON, Django', JSON_VALUE, String.raw`tok/A'b\"c\u0026d\u003Ce\u003Ef+g${'`'}h\\i`],
  ['JSON, PHP, HEX_*', JSON_VALUE, String.raw`tok\/A\u0027b\"c\u0026d\u003Ce\u003Ef+g${'`'}h\\i`],
  ['JSON, .NET', JSON_VALUE, String.raw`tok/A\u0027b\u0022c\u0026d\u003Ce\u003Ef\u002Bg\u0060h\\i`],
  [
    'JSON, in a string of Go',
    JSON_VALUE,
    String.raw`tok/A'b\\\"c\\u0026d\\u003ce\\u003ef+g${'`'}h\\\\i`,
  ],
  ['every UTF-16 unit', 'kjo-7é', String.raw`\u006b\u006a\u006f\u002d\u0037\u00e9`],
  ['every UTF-16 unit, upper case', 'kjo-7é', String.raw`\u006B\u006A\u006F\u002D\u0037\u00E9`],
  ['JavaScript, ES2015', 'kLq7-é😀-9z', String.raw`kLq7-\u{e9}\u{1f600}-9z`],

  ['markup, none of the quotes', MARKUP_VALUE, 'pw"A\'b/c`d=e+f&lt;g&gt;&amp;h'],
  ['markup, `>` left', MARKUP_VALUE, 'pw"A\'b/c`d=e+f&lt;g>&amp;h'],
  ['markup, double quotes', MARKUP_VALUE, "pw&quot;A'b/c`d=e+f&lt;g&gt;&amp;h"],
  ['markup, single quotes', MARKUP_VALUE, 'pw"A&#39;b/c`d=e+f&lt;g&gt;&amp;h'],
  ['markup, lodash', MARKUP_VALUE, 'pw&quot;A&#39;b/c`d=e+f&lt;g&gt;&amp;h'],
  ['markup, PHP', MARKUP_VALUE, 'pw&quot;A&#039;b/c`d=e+f&lt;g&gt;&amp;h'],
  ['markup, Python', MARKUP_VALUE, 'pw&quot;A&#x27;b/c`d=e+f&lt;g&gt;&amp;h'],
  ['markup, XML', MARKUP_VALUE, 'pw&quot;A&apos;b/c`d=e+f&lt;g&gt;&amp;h'],
  ['markup, Go', MARKUP_VALUE, 'pw&#34;A&#39;b/c`d=e+f&lt;g&gt;&amp;h'],
  ['markup, a template of Go', MARKUP_VALUE, 'pw&#34;A&#39;b/c`d=e&#43;f&lt;g&gt;&amp;h'],
  ['markup, Mustache', MARKUP_VALUE, 'pw&quot;A&#39;b&#x2F;c&#x60;d&#x3D;e+f&lt;g&gt;&amp;h'],
  ['markup, OWASP', MARKUP_VALUE, 'pw&quot;A&#x27;b&#x2F;c`d=e+f&lt;g&gt;&amp;h'],
  ['markup, Handlebars', MARKUP_VALUE, 'pw&quot;A&#x27;b/c&#x60;d&#x3D;e+f&lt;g&gt;&amp;h'],
  ['markup, ASP.NET', MARKUP_VALUE, 'pw&quot;A&#x27;b/c`d=e&#x2B;f&lt;g&gt;&amp;h'],
  ['markup, decimal beyond ASCII', 'pw"A-é-7zQ', 'pw&quot;A-&#233;-7zQ'],
  ['markup, hex beyond ASCII', 'pw"A-é-7zQ', 'pw&quot;A-&#xe9;-7zQ'],
  ['markup, every character', 'ko-7é😀zz', '&#107;&#111;&#45;&#55;&#233;&#128512;&#122;&#122;'],
  ['markup, every one in hex', 'ko-7é😀zz', '&#x6b;&#x6f;&#x2d;&#x37;&#xe9;&#x1f600;&#x7a;&#x7a;'],
  ['markup, every one in HEX', 'ko-7é😀zz', '&#x6B;&#x6F;&#x2D;&#x37;&#xE9;&#x1F600;&#x7A;&#x7A;'],
  ['markup, all but letters and digits', 'ko-7éz+Q', 'ko&#45;7&#233;z&#43;Q'],
  ['markup, the same in hex', 'ko-7éz+Q', 'ko&#x2d;7&#xe9;z&#x2b;Q'],
  ['markup, the same in HEX', 'ko-7éz+Q', 'ko&#x2D;7&#xE9;z&#x2B;Q'],

  ['quotes, Python', SHELL_VALUE, `it'"'"'s "A" $b! \\c,#~=d`],
  ['quotes, Python, two of them', "a''kLq7-9z", `a'"'"''"'"'kLq7-9z`],
  ['quotes, PowerShell and SQL', SHELL_VALUE, `it''s "A" $b! \\c,#~=d`],
  ['dollars, make', SHELL_VALUE, `it's "A" $$b! \\c,#~=d`],
  ['double quotes', SHELL_VALUE, `it's \\"A\\" \\$b! \\\\c,#~=d`],
  ['double quotes, no history', SHELL_VALUE, `it's \\"A\\" \\$b\\! \\\\c,#~=d`],
  ['%q, bash', SHELL_VALUE, `it\\'s\\ \\"A\\"\\ \\$b\\!\\ \\\\c\\,\\#~=d`],
  ['%q, no comma and hash', SHELL_VALUE, `it\\'s\\ \\"A\\"\\ \\$b\\!\\ \\\\c,#~=d`],
  ['%q, no hash', SHELL_VALUE, `it\\'s\\ \\"A\\"\\ \\$b\\!\\ \\\\c\\,#~=d`],
  ['%q, no comma', SHELL_VALUE, `it\\'s\\ \\"A\\"\\ \\$b\\!\\ \\\\c,\\#~=d`],
  ['%q, no history and comma', SHELL_VALUE, `it\\'s\\ \\"A\\"\\ \\$b!\\ \\\\c,\\#~=d`],
  ['%q, ksh', SHELL_VALUE, `it\\'s\\ \\"A\\"\\ \\$b!\\ \\\\c,\\#\\~\\=d`],
  ['%q, zsh', 'kL q7\u0001é9z', `kL\\ q7$'\\001'é9z`],
  ['%q, zsh, C locale', 'kL q7\u0001é9z', `kL\\ q7$'\\001'$'\\303'$'\\251'9z`],
  ["$'', bash", "kL'q7\u001b-\u0001é9z", String.raw`kL\'q7\E-\001é9z`],
  ["$'', others", "kL'q7\u001b-\u0001é9z", String.raw`kL\'q7\e-\001é9z`],
  ["$'', ESC as a number", "kL'q7\u001b-\u0001é9z", String.raw`kL\'q7\033-\001é9z`],
  ["$'', hex", "kL'q7\u001b-\u0001é9z", String.raw`kL\'q7\x1b-\x01é9z`],
  ["$'', hex, C locale", "kL'q7\u001b-\u0001é9z", String.raw`kL\'q7\x1b-\x01\xc3\xa99z`],

  ['\\x', 'kL"q\'7é-9z', String.raw`kL"q'7\xc3\xa9-9z`],
  ['\\x, upper case', 'kL"q\'7é-9z', String.raw`kL"q'7\xC3\xA9-9z`],
  ['octal', 'kL"q\'7é-9z', String.raw`kL"q'7\303\251-9z`],
  ['\\x in double quotes', 'kL"q\'7é-9z', String.raw`kL\"q'7\xc3\xa9-9z`],
  ['octal in single quotes', 'kL"q\'7é-9z', String.raw`kL"q\'7\303\251-9z`],
  ['\\x, every byte', 'kjo-77zz', String.raw`\x6b\x6a\x6f\x2d\x37\x37\x7a\x7a`],
  ['\\x, every byte, upper case', 'kjo-77zz', String.raw`\x6B\x6A\x6F\x2D\x37\x37\x7A\x7A`],
  ['octal, every byte', 'kjo-77zz', String.raw`\153\152\157\055\067\067\172\172`],

  ['upper case', 'kLq7-Straße-9z', 'KLQ7-STRASSE-9Z'],
  ['lower case', 'kLq7-Straße-9z', 'klq7-straße-9z'],
  ['reversed', 'kLq7-😀é-9z', 'z9-é😀-7qLk'],
  ['reversed, with a line end', 'kLq7-\n8-9z', 'z9-8\n-7qLk'],

  ['hex with dashes', 'kjo-77zz', '6b-6a-6f-2d-37-37-7a-7a'],
  ['hex with colons, upper case', 'kjo-77zz', '6B:6A:6F:2D:37:37:7A:7A'],
  ['every byte as %xx', 'kjo-77zz', '%6b%6a%6f%2d%37%37%7a%7a'],
  ['every byte as %XX', 'kjo-77zz', '%6B%6A%6F%2D%37%37%7A%7A'],
  ['every byte as %25xx', 'kjo-77zz', '%256b%256a%256f%252d%2537%2537%257a%257a'],
];

for (const [writer, value, text] of ROWS) {
  test(`masked as ${writer} writes it`, () => {
    assert.equal(redactEveryWay([value], [`( ${text} )`]), '( *** )');
  });
}

const PERCENT_VALUE = `kL q/7+b%c&d=e:f@g!h'i(j)k*l,m;n?o[p]q|r~s$t#u^v\`w{x}y"z<A>B-._D`;

/** By the punctuation that is left as it is beside letters and digits. */
function percent(kept: string, { space = '%20', lower = false } = {}): string {
  return Array.from(PERCENT_VALUE, (character) => {
    if (/[A-Za-z0-9]/.test(character) || kept.includes(character)) return character;
    const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
    return character === ' ' ? space : `%${lower ? hex : hex.toUpperCase()}`;
  }).join('');
}

test('masked as URLs have it, encoded once and twice', () => {
  const user = new URL('http://host/');
  user.username = PERCENT_VALUE;
  const address = new URL('http://host/');
  address.pathname = `/${PERCENT_VALUE}`;
  address.search = PERCENT_VALUE;
  for (const text of [
    percent(''),
    percent('-._~'), // RFC 3986
    percent('-._~', { lower: true }),
    percent('-._~', { space: '+' }), // Go's QueryEscape
    percent('-._~/'), // Python's quote
    percent('-._~$&+:=@'), // Go's PathEscape
    percent('-._~$&+,;='), // Go's user information
    percent('*-._', { space: '+' }), // forms
    encodeURI(PERCENT_VALUE),
    encodeURIComponent(PERCENT_VALUE),
    user.username,
    address.pathname.slice(1),
    address.search.slice(1),
  ]) {
    for (const output of [text, encodeURIComponent(text)]) {
      assert.equal(redactEveryWay([PERCENT_VALUE], [`( ${output} )`]), '( *** )', output);
    }
  }
});

test('masked as Python writes it', () => {
  const script = [
    'import html, json, os, shlex, sys, urllib.parse as u',
    'v = os.environ["V"]',
    'w = [html.escape(v), html.escape(v, False), json.dumps(v), json.dumps(json.dumps(v)), shlex.quote(v)]',
    'w += [u.quote(v), u.quote(v, ""), u.quote_plus(v), repr(v), ascii(v), repr(v.encode()), v[::-1], v.upper(), v.lower()]',
    'sys.stdout.write("\\n".join("( " + t + " )" for t in w))',
  ].join('\n');
  for (const value of [JSON_VALUE, JSON_BEYOND, MARKUP_VALUE, SHELL_VALUE, PERCENT_VALUE]) {
    const { stdout, stderr } = spawnSync('python3', ['-c', script], {
      encoding: 'utf8',
      env: { ...process.env, V: value, PYTHONIOENCODING: 'utf-8' },
    });
    assert.equal(stderr, '');
    const lines = redactEveryWay([value], [stdout]).split('\n');
    for (const [n, line] of lines.entries()) {
      assert.match(line, /^\( \\?"?b?\\?["']?\*\*\*\\?["']?"?\\?"? \)$/, stdout.split('\n')[n]);
    }
  }
});
