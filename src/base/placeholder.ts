/**
 * The grammar of `$VAULT<name>`. `shell/hook/rewrite.c` implements the same grammar for the
 * programs of a session; a test runs one table of cases through both.
 */

export const PLACEHOLDER_START = '$VAULT<';
const PLACEHOLDER_END = '>';
export const MAX_NAME_LENGTH = 128;

const NAME = /^[A-Za-z_][A-Za-z0-9_./-]{0,127}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function placeholderFor(name: string): string {
  return PLACEHOLDER_START + name + PLACEHOLDER_END;
}

export type Scan =
  | { readonly kind: 'ok'; readonly names: readonly string[] }
  /** `at`: what stands there instead of a placeholder, cut short for a message. */
  | { readonly kind: 'malformed'; readonly at: string };

/** Gives the names of all placeholders in `text`, in order, repeats included. */
export function scanPlaceholders(text: string): Scan {
  const names: string[] = [];
  let from = text.indexOf(PLACEHOLDER_START);
  while (from !== -1) {
    const nameStart = from + PLACEHOLDER_START.length;
    const end = text.indexOf(PLACEHOLDER_END, nameStart);
    const name = end === -1 ? '' : text.slice(nameStart, end);
    if (!isName(name)) {
      return { kind: 'malformed', at: text.slice(from, nameStart + 24) };
    }
    names.push(name);
    from = text.indexOf(PLACEHOLDER_START, end + 1);
  }
  return { kind: 'ok', names };
}

/** Gives `text` with every placeholder replaced; call it only on text that scanned as `ok`. */
export function substitutePlaceholders(text: string, valueOf: (name: string) => string): string {
  let result = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf(PLACEHOLDER_START, from);
    if (start === -1) return result + text.slice(from);
    const end = text.indexOf(PLACEHOLDER_END, start);
    result += text.slice(from, start);
    result += valueOf(text.slice(start + PLACEHOLDER_START.length, end));
    from = end + 1;
  }
}
