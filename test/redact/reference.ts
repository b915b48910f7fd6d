/**
 * A slow redactor that is easy to believe: the whole stream at once, every form searched for at
 * every place. For streams of well-formed escape sequences only.
 */
import { formsOf, type Form, type FormChoice } from '../../src/redact/encodings.ts';
import { leadAllows } from '../../src/redact/radix.ts';
import { visibleBytes } from './support.ts';

const MASK = '***';
const PIECES =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]+[0-~]|\x1b[0-OQ-WYZ\\`-~]|[^]/g;

interface Cell {
  readonly character: string;
  readonly start: number;
  readonly end: number;
}
type Stretch = [start: number, end: number];

export function redactWhole(
  stream: Uint8Array,
  values: readonly Uint8Array[],
  choice: FormChoice = 'all',
): Buffer {
  const text = Buffer.from(stream).toString('latin1');
  const forms = formsOfAll(values, choice);
  const cells: Cell[] = [];
  const inner: Stretch[] = [];
  const kept = new Set<number>();
  let struck: number | undefined;
  /** An escape sequence and the text after it, for who reads the bytes and not the screen. */
  let bytes: { cells: Cell[]; end: number } | undefined;
  const endEscape = (): void => {
    if (bytes !== undefined) inner.push(...search(bytes.cells, forms, bytes.end));
    bytes = undefined;
  };
  for (const match of text.matchAll(PIECES)) {
    const piece = match[0];
    const at = match.index;
    if (piece.length > 1) {
      endEscape();
      for (let n = 0; n < piece.length; n++) kept.add(at + n);
      // oxlint-disable-next-line no-control-regex -- as above
      const payload = /^\x1b([\]P^_X][^\x07\x1b]*)/.exec(piece)?.[1];
      if (payload !== undefined) inner.push(...search(cellsOf(payload, at + 1), forms));
      else bytes = { cells: cellsOf(piece.slice(1), at + 1), end: at + piece.length };
    } else if (piece === '\x1b') {
      kept.add(at);
    } else if (piece === '\b') {
      struck = cells.pop()?.start;
    } else if (piece === '\r' || piece === '\n') {
      // What was struck out stays behind on its line.
      struck = undefined;
    } else if (piece >= ' ' && piece !== '\x7f') {
      cells.push({ character: piece, start: struck ?? at, end: at + 1 });
      bytes?.cells.push({ character: piece, start: at, end: at + 1 });
      struck = undefined;
    }
  }
  endEscape();
  return render(text, union(search(cells, forms)), union(inner), kept);
}

/** The same values are asked for again and again. */
const known = new WeakMap<readonly Uint8Array[], Form[]>();

function formsOfAll(values: readonly Uint8Array[], choice: FormChoice): Form[] {
  if (choice !== 'all') return values.flatMap((value) => formsOf(Buffer.from(value), choice));
  const forms = known.get(values) ?? values.flatMap((value) => formsOf(Buffer.from(value), choice));
  known.set(values, forms);
  return forms;
}

function cellsOf(text: string, from: number): Cell[] {
  return Array.from(text)
    .map((character, n) => ({ character, start: from + n, end: from + n + 1 }))
    .filter((cell) => cell.character >= ' ');
}

/** `limit`: only what begins before this place. */
function search(cells: readonly Cell[], forms: readonly Form[], limit = Infinity): Stretch[] {
  const packed = cells.filter((cell) => cell.character !== ' ');
  return forms.flatMap((form) => {
    const needle = Buffer.from(visibleBytes(Buffer.from(form.text, 'latin1'))).toString('latin1');
    const found = searchOne(cells, needle, form, limit);
    if (form.folds !== true) return found;
    return [...found, ...searchOne(packed, needle.replaceAll(' ', ''), form, limit)];
  });
}

function searchOne(cells: readonly Cell[], needle: string, form: Form, limit: number): Stretch[] {
  const text = cells.map((cell) => cell.character).join('');
  const tails = ['', ...(form.tails?.split(' ') ?? [])];
  const found = form.tellsFrom === undefined ? [] : leadingParts(cells, text, needle, form, limit);
  for (const tail of tails) {
    for (
      let at = text.indexOf(needle + tail);
      at !== -1;
      at = text.indexOf(needle + tail, at + 1)
    ) {
      if ((cells[at]?.start ?? 0) >= limit) continue;
      const before = cells[at - 1];
      const led =
        form.lead !== undefined &&
        before !== undefined &&
        leadAllows(form.lead, before.character.charCodeAt(0));
      const first = led ? before : cells[at];
      const last = cells[at + needle.length + tail.length - 1];
      if (first !== undefined && last !== undefined) found.push([first.start, last.end]);
    }
  }
  return found;
}

/** The leading parts of a needle that tell, each as long as the text goes on with it. */
function leadingParts(
  cells: readonly Cell[],
  text: string,
  needle: string,
  { tellsFrom = Infinity }: Form,
  limit: number,
): Stretch[] {
  const found: Stretch[] = [];
  for (let at = 0; at + tellsFrom <= text.length; at++) {
    let length = 0;
    while (length < needle.length && text.charAt(at + length) === needle.charAt(length)) length++;
    const first = cells[at];
    const last = cells[at + length - 1];
    if (length < tellsFrom || first === undefined || last === undefined) continue;
    if (first.start < limit) found.push([first.start, last.end]);
  }
  return found;
}

/** Overlapping stretches become one, touching ones stay two. */
function union(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const [start, end] of stretches.toSorted((a, b) => a[0] - b[0] || b[1] - a[1])) {
    const last = result.at(-1);
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}

function render(
  text: string,
  masked: readonly Stretch[],
  inner: readonly Stretch[],
  kept: ReadonlySet<number>,
): Buffer {
  const inside = (stretches: readonly Stretch[], at: number) =>
    stretches.find(([start, end]) => start <= at && at < end);
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const hidden = inside(inner, at);
    const covered = inside(masked, at);
    // A value in the text may lie in what is masked as part of an escape sequence.
    const within = covered !== undefined && hidden !== undefined && covered[1] <= hidden[1];
    if (covered?.[0] === at && !within) result += MASK;
    if (hidden?.[0] === at) result += MASK;
    if (hidden !== undefined) continue;
    if (covered === undefined || kept.has(at)) result += text.charAt(at);
  }
  return Buffer.from(result, 'latin1');
}
