import { readFileSync } from 'node:fs';
import type { Environment } from '../base/paths.ts';
import { completeWords } from './completion.ts';
import { printData } from './output.ts';
import type { RcShell } from './rc-shell.ts';
import { secretNames } from './secret-names.ts';

/** Prints what a shell loads when it starts (shell/rc). */
export function printRc(shell: RcShell): number {
  const file = new URL(`../../../shell/rc/vault-shell.${shell}`, import.meta.url);
  printData(readFileSync(file, 'utf8'));
  return 0;
}

/**
 * Answers what those files ask while a person presses Tab, one candidate a line: `names`, or what may stand for the
 * last of the words after `complete`. It fails in silence, without a question: nobody reads a message there.
 */
export async function answerCompletion(
  [question, ...words]: readonly string[],
  environment: Environment,
): Promise<number> {
  const vault = words[words.indexOf('--vault') + 1];
  const names = async (): Promise<readonly string[]> =>
    secretNames(words.includes('--vault') ? vault : undefined, environment);
  try {
    const found = question === 'names' ? await names() : await completeWords(words, names);
    printData(found.map((candidate) => `${candidate}\n`).join(''));
    return 0;
  } catch {
    return 1;
  }
}
