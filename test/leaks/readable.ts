import stripAnsi from 'strip-ansi';

/** So much of a value in a row is as good as the whole: what is missing can be guessed or searched. */
const READABLE_CHARACTERS = 12;

/** Whether any of `hidden`, or 12 characters in a row of it, can be read in what came out. */
export function isReadable(output: Buffer, hidden: readonly string[]): boolean {
  const seen = viewsOf(output.toString());
  return hidden.flatMap(windowsOf).some((piece) => seen.some((view) => view.includes(piece)));
}

function windowsOf(text: string): string[] {
  const count = Math.max(1, text.length - READABLE_CHARACTERS + 1);
  return Array.from({ length: count }, (_, at) => text.slice(at, at + READABLE_CHARACTERS));
}

/** The ways to read it: as it is, without escapes, with what is in titles, with backspaces done. */
function viewsOf(output: string): string[] {
  // oxlint-disable-next-line no-control-regex -- this is about them
  const titles = output.replaceAll(/\u001b\][0-9]*;|\u0007|\u001b\\/g, '');
  return [output, stripAnsi(output), stripAnsi(titles)].flatMap((text) => {
    const joined = text.replaceAll(/[\r\n]/g, '');
    return [text, joined, joined.replaceAll(' ', ''), withoutStruckOut(joined)];
  });
}

function withoutStruckOut(text: string): string {
  const kept: string[] = [];
  for (const character of text) {
    if (character === '\b') kept.pop();
    else kept.push(character);
  }
  return kept.join('');
}
