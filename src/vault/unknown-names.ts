/** Enough to see what is wrong, and still one line. */
const MAX_NAMES_SHOWN = 5;

/** Says which names there is no secret of: the reason of a denial, on the terminal and in the log. */
export function unknownText(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES_SHOWN).map((name) => `"${name}"`);
  const more = names.length - shown.length;
  const noun = names.length === 1 ? 'secret' : 'secrets';
  return `unknown ${noun} ${shown.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}
