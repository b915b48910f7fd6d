/** The rendition of text (SGR): for each thing that can be set, the parameters that set it. */
export type Rendition = Map<string, string>;

/** SGR parameters that set or, with no value, unset one thing; ECMA-48 8.3.117 and what xterm adds. */
const SLOTS: readonly (readonly [from: number, to: number, slot: string])[] = [
  [1, 1, 'bold'],
  [2, 2, 'faint'],
  [3, 3, 'italic'],
  [4, 4, 'underline'],
  [5, 6, 'blink'],
  [7, 7, 'inverse'],
  [8, 8, 'hidden'],
  [9, 9, 'struck'],
  [10, 20, 'font'],
  [21, 21, 'underline'],
  [30, 38, 'foreground'],
  [40, 48, 'background'],
  [51, 52, 'frame'],
  [53, 53, 'overline'],
  [58, 58, 'underline colour'],
  [90, 97, 'foreground'],
  [100, 107, 'background'],
];
const RESETS = new Map<number, readonly string[]>([
  [22, ['bold', 'faint']],
  [23, ['italic', 'font']],
  [24, ['underline']],
  [25, ['blink']],
  [27, ['inverse']],
  [28, ['hidden']],
  [29, ['struck']],
  [39, ['foreground']],
  [49, ['background']],
  [54, ['frame']],
  [55, ['overline']],
  [59, ['underline colour']],
]);
const COLOURS: ReadonlySet<number> = new Set([38, 48, 58]);

/** Applies the parameters of one SGR sequence (`1;38;5;208`). */
export function applySgr(rendition: Rendition, parameters: string): void {
  const parts = parameters.split(';');
  for (let index = 0; index < parts.length; index++) {
    let part = parts[index] ?? '';
    const code = Number.parseInt(part === '' ? '0' : part, 10);
    // `38;5;N` and `38;2;R;G;B`: the old form, with the same separator as between two codes.
    if (COLOURS.has(code) && !part.includes(':')) {
      const length = parts[index + 1] === '2' ? 5 : 3;
      part = parts.slice(index, index + length).join(';');
      index += length - 1;
    }
    applyOne(rendition, code, part);
  }
}

/** Gives the sequence that sets this rendition, whatever was set before. */
export function sgrSequence(rendition: Rendition): string {
  return `\x1b[${['0', ...rendition.values()].join(';')}m`;
}

function applyOne(rendition: Rendition, code: number, parameters: string): void {
  if (code === 0) rendition.clear();
  // `4:0` is no underline.
  else if (parameters === '4:0') rendition.delete('underline');
  const reset = RESETS.get(code);
  for (const slot of reset ?? []) rendition.delete(slot);
  const found = SLOTS.find(([from, to]) => code >= from && code <= to);
  if (found !== undefined && parameters !== '4:0') rendition.set(found[2], parameters);
}
