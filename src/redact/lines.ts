/** The lines of a value that has several: one alone may be printed, by `grep` or `head`. */

const LINE_END = /\r\n|\r|\n/;
const MIN_LINE_BYTES = 12;
const MIN_DISTINCT_BYTES = 8;

/** Lines that every file of a kind has. To mask them would mask other people's files, and tell nothing. */
const PUBLIC_LINES = [
  /^-----.*-----$/, // PEM
  /^"\w+": "https?:\/\/[^@?"]*",?$/, // JSON: an address without a password or parameters
  /^"(?:type|universe_domain)": /, // service accounts of Google
  /^(?:apiVersion|kind|preferences|current-context): /, // kubeconfig
];

/**
 * Gives the lines that tell: not `{`, not a blank one, and none that is public. Of a single line, nothing. `bytes`: the
 * value, a character for each.
 */
export function tellingLines(bytes: string): string[] {
  if (!LINE_END.test(bytes)) return [];
  return bytes
    .split(LINE_END)
    .map((line) => line.trim())
    .filter(
      (line) =>
        line.length >= MIN_LINE_BYTES &&
        new Set(line).size >= MIN_DISTINCT_BYTES &&
        !PUBLIC_LINES.some((known) => known.test(line)),
    );
}
