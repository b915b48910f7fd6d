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

/** Gives the lines that tell: not `{`, not a blank one, and none that is public. Of a single line, nothing. */
export function tellingLines(value: Buffer): Buffer[] {
  // Latin-1 keeps bytes and characters one to one.
  const lines = value.toString('latin1').split(LINE_END);
  if (lines.length < 2) return [];
  return lines
    .map((line) => line.trim())
    .filter(
      (line) =>
        line.length >= MIN_LINE_BYTES &&
        new Set(line).size >= MIN_DISTINCT_BYTES &&
        !PUBLIC_LINES.some((known) => known.test(line)),
    )
    .map((line) => Buffer.from(line, 'latin1'));
}
