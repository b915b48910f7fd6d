/** How shells write a value back: traces (`set -x`), `printf %q`, `declare -p`, `${x@Q}`. */

import { compose, type Spelling, type Style, type Styles } from './spelling.ts';

/** What `printf %q` puts a backslash before: bash, bash without the comma, ksh and zsh. */
const BACKSLASHED = [
  ' !"#$&\'()*,;<>?[\\]^`{|}',
  ' !"$&\'()*;<>?[\\]^`{|}',
  ' !"$&\'()*,;<>?[\\]^`{|}',
  ' !"#$&\'()*;<>?[\\]^`{|}',
  ' "#$&\'()*;<>?[\\]^`{|}',
  ' "#$&\'()*;<=>?[\\]^`{|}~',
].map(backslash);
const BACKSLASHED_OTHERS: Style = (character) =>
  character.replaceAll(/[^A-Za-z0-9_@%+=:,./-]/gu, '\\$&');

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

const STYLES = shellStyles([...BACKSLASHED, BACKSLASHED_OTHERS]);
const USUAL_STYLES = shellStyles(BACKSLASHED.slice(0, 1));

/** `common`: only in the usual styles. */
export function shellForms(text: string, spelling: Spelling, common: boolean): string[] {
  const forms = spelling.spell(common ? USUAL_STYLES : STYLES);
  // ash quotes a run of single quotes at once.
  forms.push(text.replaceAll(/'+/g, (run) => `'"${run}"'`));
  // zsh leaves no empty quotes between two of them.
  forms.push(text.replaceAll(/'+/g, (run) => `'${"\\'".repeat(run.length)}'`));
  return forms;
}

function shellStyles(backslashed: readonly Style[]): Styles {
  const dollarQuoted = [octal, hex, meta].flatMap((number) =>
    ['\\E', '\\e', undefined].flatMap((escape) =>
      [false, true].flatMap((ascii) => {
        const style = ansiC(number, escape, ascii);
        // zsh escapes the history character there too.
        return [style, compose(style, backslash('!'))];
      }),
    ),
  );
  return {
    all: [
      replace("'", `'\\''`),
      replace("'", `'"'"'`),
      replace("'", "''"),
      replace('$', '$$'),
      backslash('"$\\`'),
      backslash('!"$\\`'),
      ...backslashed,
      ...dollarQuoted.slice(0, 2),
    ],
    unprintable: [
      ...backslashed.flatMap((style) =>
        [false, true].map((ascii) => compose(style, zshControl(ascii))),
      ),
      ...dollarQuoted.slice(2),
    ],
  };
}

function replace(one: string, by: string): Style {
  return (character) => (character === one ? by : character);
}

function backslash(special: string): Style {
  return (character) => (special.includes(character) ? `\\${character}` : character);
}

/** zsh puts each control (and in the C locale each byte beyond ASCII) into quotes of its own. */
function zshControl(ascii: boolean): Style {
  return (character) => {
    if (isControl(character)) {
      return `$'${ANSI_C[character] ?? octal(character.charCodeAt(0))}'`;
    }
    if (!ascii || character <= '~') return character;
    return Array.from(Buffer.from(character), (byte) => `$'${octal(byte)}'`).join('');
  };
}

/** `$'...'`: with octal or hex for what has no letter, in UTF-8 and in the C locale. */
function ansiC(
  number: (byte: number) => string,
  escape: string | undefined,
  ascii: boolean,
): Style {
  return (character) => {
    const named = character === '\u001b' ? escape : ANSI_C[character];
    if (named !== undefined) return named;
    if (!isControl(character) && (!ascii || character <= '~')) return character;
    return Array.from(Buffer.from(character), number).join('');
  };
}

function isControl(character: string): boolean {
  return character < ' ' || character === '\u007f';
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
