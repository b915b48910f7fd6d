/** How shells write a value back: traces (`set -x`), `printf %q`, `declare -p`, `${x@Q}`. */

/** What `printf %q` puts a backslash before: bash, bash without the comma, ksh and zsh. */
const BACKSLASHED = [
  / |[!"#$&'()*,;<>?[\\\]^`{|}]/g,
  / |[!"$&'()*;<>?[\\\]^`{|}]/g,
  / |[!"$&'()*,;<>?[\\\]^`{|}]/g,
  / |["#$&'()*;<=>?[\\\]^`{|}~]/g,
  / |[^A-Za-z0-9_@%+=:,./-]/g,
];

export function shellForms(text: string): string[] {
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
    ...BACKSLASHED.map((special) => text.replaceAll(special, '\\$&')),
    ...ansiC(text),
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

/** `$'...'`: with octal or hex for what has no letter, in UTF-8 and in the C locale. */
function ansiC(text: string): string[] {
  const octal = (byte: number) => `\\${byte.toString(8).padStart(3, '0')}`;
  const hex = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`;
  return [octal, hex].flatMap((number) =>
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
