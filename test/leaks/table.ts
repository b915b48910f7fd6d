import type { OverMasking } from './over-masking.ts';
import type { Observed } from './places.ts';
import { isReadable } from './readable.ts';
import { TWO_CHARACTERS, VECTORS } from './vectors.ts';

const MEBIBYTE = 1024 * 1024;

export interface LeakTable {
  /** Markdown. */
  readonly lines: readonly string[];
  /** Vectors that leak in either place. */
  readonly leaks: readonly string[];
}

export function leakTable({ pipe, terminal, shortRefused }: Observed): LeakTable {
  const leaks: string[] = [];
  const lines = ['| # | vector | in a pipe | in a terminal |', '| --- | --- | --- | --- |'];
  const counts = [0, 0];
  for (const [n, { name, hidden }] of VECTORS.entries()) {
    const leaked = [pipe[n], terminal[n]].map((output) =>
      isReadable(output ?? Buffer.alloc(0), hidden),
    );
    const refused = shortRefused && hidden.includes(TWO_CHARACTERS);
    const word = refused ? 'LEAK, refused by `set`' : 'LEAK';
    leaked.forEach((leak, place) => (counts[place] = (counts[place] ?? 0) + Number(leak)));
    if (leaked.includes(true)) leaks.push(name);
    const cells = leaked.map((leak) => (leak ? word : 'ok'));
    lines.push(`| ${n + 1} | ${name} | ${cells.join(' | ')} |`);
  }
  lines.push(`| | **leaks of ${VECTORS.length}** | **${counts.join('** | **')}** |`);
  return { lines, leaks };
}

/** Markdown, and each difference after it. */
export function overMaskingTable({ secrets, sources, differences }: OverMasking): string[] {
  const total = sources.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = sources.map(({ name, bytes }) => {
    const count = differences.filter(({ source }) => source === name).length;
    return bytes === 0 ? `| ${name} | not here | - |` : `| ${name} | ${size(bytes)} | ${count} |`;
  });
  return [
    `| ordinary output, ${secrets} secrets | MiB | masked by mistake |`,
    '| --- | --- | --- |',
    ...rows,
    `| **all** | **${size(total)}** | **${differences.length}** |`,
    ...differences.flatMap(({ source, context, causes }) => [
      `\n${source}: ${context}`,
      ...causes.map((cause) => `  by ${cause}`),
    ]),
  ];
}

function size(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(2);
}
