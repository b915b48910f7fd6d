/** Lines around each vector, by which its output is found again. */
export function markBefore(n: number): string {
  return `\n<vector ${n}>\n`;
}

export function markAfter(n: number): string {
  return `\n</vector ${n}>\n`;
}

/** Gives what came out between the marks of each vector. Throws when a mark is not there. */
export function outputsOf(output: Buffer, count: number): Buffer[] {
  return Array.from({ length: count }, (_, n) => {
    const [before, after] = [markBefore(n), markAfter(n)].map((mark) => {
      const at = output.indexOf(mark.trim());
      if (at === -1) throw new Error(`${mark.trim()} did not come out`);
      return at;
    });
    return output.subarray((before ?? 0) + markBefore(n).trim().length, after);
  });
}
