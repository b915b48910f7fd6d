import type { TestTerminal } from '../support/terminal.ts';

/** One program that is run bare in a terminal, and in a session in one; what both wrote is compared. */
export interface Row {
  readonly name: string;
  /** What is done with it. */
  readonly does: string;
  /** Programs it cannot be run without. */
  readonly needs?: readonly string[];
  /** Makes its files in a directory of its own, which is HOME and working directory. */
  readonly prepare?: (directory: string) => void;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Run by a shell in the terminal, before it becomes the program. */
  readonly before?: string;
  /** What the program, or the session that it is in, runs in. */
  readonly within?: (command: readonly string[]) => readonly string[];
  readonly size?: { readonly columns: number; readonly rows: number };
  /** What a person does; the program ends by it, or by itself. */
  readonly play?: (person: Person) => Promise<void>;
  readonly expected: Expected;
  /** Takes out of what was written what no two runs have in common, and says what that is. */
  readonly apart?: { readonly from: string; readonly mask: (text: string) => string };
}

export type Expected =
  /** Every byte that reached the terminal is the same. */
  | 'bytes'
  /** Each screen that was looked at is the same: cells, colours, cursor and modes. When programs draw is up to the clock. */
  | 'screens'
  /** They differ, and must: what matches each. */
  | { readonly why: string; readonly bare: RegExp; readonly session: RegExp };

export interface Person extends Pick<TestTerminal, 'send' | 'waitFor' | 'resize'> {
  /** Looks at the screen when it matches and stands still. */
  look(wanted: RegExp): Promise<void>;
  /** Types, and looks. */
  type(text: string, wanted: RegExp): Promise<void>;
}

/** A program in Python, for what no other one shows. */
export function python(source: string): readonly string[] {
  return ['python3', '-c', source];
}
