/** How shells write a value back: traces (`set -x`), `printf %q`, `declare -p`, `${x@Q}`. */

/** What `printf %q` puts a backslash before: bash, bash without the comma, ksh and zsh. */
const BACKSLASHED = [
  / |[!"#$&'()*,;<>?[\\\]^`{|}]/g,
  / |[!"$&'()*;<>?[\\\]^`{|}]/g,
  / |[!"$&'()*,;<>?[\\\]^`{|}]/g,
  / |[!"#$&'()*;<>?[\\\]^`{|}]/g,
  / |["#$&'()*;<>?[\\\]^`{|}]/g,
  / |["#$&'()*;<=>?[\\\]^`{|}~]/g,
  / |[^A-Za-z0-9_@%+=:,./-]/g,
];

/** `common`: only in the usual styles. */
export function shellForms(text: string, common: boolean): string[] {
  const dollarQuoted = ansiC(text);
  const forms = [
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
    // ash quotes a run of single quotes at once.
    text.replaceAll(/'+/g, (run) => `'"${run}"'`),
    // zsh leaves no empty quotes between two of them.
    text.replaceAll(/'+/g, (run) => `'${"\\'".repeat(run.length)}'`),
    text.replaceAll("'", "''"),
    text.replaceAll('$', '$$$$'),
    text.replaceAll(/["$\\`]/g, '\\$&'),
    text.replaceAll(/[!"$\\`]/g, '\\$&'),
    ...(common ? BACKSLASHED.slice(0, 1) : BACKSLASHED).flatMap((special) => {
      const quoted = text.replaceAll(special, '\\$&');
      return [quoted, zshControls(quoted, false), zshControls(quoted, true)];
    }),
    ...dollarQuoted,
    // zsh escapes the history character there too.
    ...dollarQuoted.map((form) => form.replaceAll('!', '\\!')),
  ];
  return forms;
}

const ANSI_C: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  "'": "\\'",
  '\\': '\\\\',
};

const UNPRINTABLE = /[^ -~]/;
const ANSI_C_QUOTED = /[^ -~]|['\\]/;

/** zsh puts each control (and in the C locale each byte beyond ASCII) into quotes of its own. */
function zshControls(quoted: string, ascii: boolean): string {
  if (!UNPRINTABLE.test(quoted)) return quoted;
  let form = '';
  for (const character of quoted) {
    const control = character < ' ' || character === '\u007f';
    if (control) form += `$'${ANSI_C[character] ?? octal(character.charCodeAt(0))}'`;
    else if (ascii && character > '~') {
      form += Array.from(Buffer.from(character), (byte) => `$'${octal(byte)}'`).join('');
    } else form += character;
  }
  return form;
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** zsh: Meta for what is beyond ASCII. */
function meta(byte: number): string {
  if (byte < 0x80) return octal(byte);
  const low = byte & 0x7f;
  return low < 0x20
    ? `\\M-\\C-${String.fromCharCode(low | 0x60)}`
    : `\\M-${String.fromCharCode(low)}`;
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`;
}

/** `$'...'`: with octal or hex for what has no letter, in UTF-8 and in the C locale. */
function ansiC(text: string): string[] {
  if (!ANSI_C_QUOTED.test(text)) return [text];
  return [octal, hex, meta].flatMap((number) =>
    ['\\E', '\\e', undefined].flatMap((escape) =>
      [false, true].map((ascii) => {
        let form = '';
        for (const character of text) {
          const named = character === '\u001b' ? escape : ANSI_C[character];
          if (named !== undefined) form += named;
          else if (character < ' ' || character === '\u007f' || (ascii && character > '~')) {
            form += Array.from(Buffer.from(character), number).join('');
          } else form += character;
        }
        return form;
      }),
    ),
  );
}
