/**
 * The grammar of `$VAULT<name>`, which stands for a value, and `$VAULT_FILE<name>`, which stands for the path of
 * a file that holds it. `shell/hook/placeholder.c` implements the same grammar for the
 * programs of a session; a test runs one table of cases through both.
 */

const START = /\$VAULT(_FILE)?</g;
const PLACEHOLDER_END = '>';
export const MAX_NAME_LENGTH = 128;

const NAME = /^[A-Za-z_][A-Za-z0-9_./-]{0,127}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function placeholderFor(name: string): string {
  return `$VAULT<${name}>`;
}

export interface Placeholder {
  readonly name: string;
  /** What stands in its place: the value itself, or the path of a file. */
  readonly kind: 'value' | 'file';
}

export type Scan =
  /** In order, repeats included; `names` are those of `placeholders`. */
  | {
      readonly kind: 'ok';
      readonly placeholders: readonly Placeholder[];
      readonly names: readonly string[];
    }
  /** `at`: what stands there instead of a placeholder, cut short for a message. */
  | { readonly kind: 'malformed'; readonly at: string };

/** Gives all placeholders in `text`. */
export function scanPlaceholders(text: string): Scan {
  const placeholders: Placeholder[] = [];
  for (const found of findPlaceholders(text)) {
    if (!isName(found.name)) {
      return { kind: 'malformed', at: text.slice(found.from, found.nameStart + 24) };
    }
    placeholders.push({ name: found.name, kind: found.kind });
  }
  return { kind: 'ok', placeholders, names: placeholders.map(({ name }) => name) };
}

/** Whether there is anything in `text` that a scan would tell of. */
export function hasPlaceholder(text: string): boolean {
  return text.search(START) !== -1;
}

/**
 * Gives `text` with every placeholder replaced by what `valueOf` gives, or left where that is undefined; call it
 * only on text that scanned as `ok`.
 */
export function substitutePlaceholders(
  text: string,
  valueOf: (name: string) => string | undefined,
): string {
  let result = '';
  let from = 0;
  for (const found of findPlaceholders(text)) {
    const value = valueOf(found.name) ?? text.slice(found.from, found.end);
    result += text.slice(from, found.from) + value;
    from = found.end;
  }
  return result + text.slice(from);
}

interface Found extends Placeholder {
  readonly from: number;
  readonly nameStart: number;
  readonly end: number;
}

/** Gives what begins as a placeholder, one after the other; the name of a malformed one is none. */
function* findPlaceholders(text: string): Generator<Found> {
  const start = new RegExp(START);
  for (let match = start.exec(text); match !== null; match = start.exec(text)) {
    const nameStart = start.lastIndex;
    const close = text.indexOf(PLACEHOLDER_END, nameStart);
    const name = close === -1 ? '' : text.slice(nameStart, close);
    const end = close === -1 ? text.length : close + 1;
    const kind = match[1] === undefined ? 'value' : 'file';
    yield { name, kind, from: match.index, nameStart, end };
    start.lastIndex = end;
  }
}
