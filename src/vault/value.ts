import { VaultShellError } from '../base/errors.ts';
import { visibleText } from '../base/text.ts';

/** Shorter would mask pieces of ordinary words everywhere; longer is a file, not a secret. */
const MIN_VALUE_BYTES = 4;
const MAX_VALUE_BYTES = 64 * 1024;
const WEAK_BELOW_BYTES = 8;
/** The longest words of everyday languages; random letters of a token go on longer. */
const MAX_WORD_LETTERS = 24;

/**
 * Throws BAD_VALUE unless `value` can be kept and found again in output. A weak one passes only with
 * `allowWeak`: every place where it stands in ordinary text would be masked. No message has the value.
 */
export function checkValue(value: string, { allowWeak }: { allowWeak: boolean }): void {
  const bytes = Buffer.byteLength(value);
  if (bytes < MIN_VALUE_BYTES) throw bad(`is shorter than ${MIN_VALUE_BYTES} bytes`);
  if (bytes > MAX_VALUE_BYTES) throw bad(`is longer than ${MAX_VALUE_BYTES / 1024} KiB`);
  if (value.includes('\0')) throw bad('has a NUL byte in it');
  // The redactor looks at what a reader sees: what shows nothing cannot be masked.
  if (Buffer.byteLength(visibleText(value)) < MIN_VALUE_BYTES) {
    throw bad(`has less than ${MIN_VALUE_BYTES} bytes that can be seen`);
  }
  // A lone surrogate has no UTF-8: it would be stored as another character than the one given.
  if (Buffer.from(value).toString() !== value) throw bad('is no UTF-8 text');
  const why = weakness(value);
  if (why === undefined || allowWeak) return;
  throw bad(why, 'it would mask ordinary text; if it must be, use --allow-weak');
}

/** Says why a value is likely to stand in ordinary text by chance, or undefined when it is not. */
export function weakness(value: string): string | undefined {
  if (Buffer.byteLength(value) < WEAK_BELOW_BYTES)
    return `is shorter than ${WEAK_BELOW_BYTES} bytes`;
  if (value.trim() === '') return 'is blank';
  if (/^(.)\1*$/su.test(value)) return 'is one character repeated';
  if (/^[-+]?\d[\d.,]*$/.test(value)) return 'is a plain number';
  if (isWord(value.trim())) return 'is a plain word';
  return undefined;
}

/** Letters alone, written the way words are: `word`, `Word` or `WORD`. */
function isWord(text: string): boolean {
  if (!/^\p{L}+$/u.test(text) || text.length > MAX_WORD_LETTERS) return false;
  const tail = text.slice(1);
  return tail === tail.toLowerCase() || text === text.toUpperCase();
}

function bad(why: string, hint?: string): VaultShellError {
  return new VaultShellError('BAD_VALUE', `the value ${why}`, hint === undefined ? {} : { hint });
}
