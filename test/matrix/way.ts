/** Where a placeholder stands when the target is started. */
export type Place = 'argv' | 'env';

/** What a way to start a program makes of it. */
export type Result =
  /** The target, and it alone, is given the value. */
  | 'value'
  /** The launcher is a program like others: it is given the value, and hands it on. */
  | 'value, through the launcher'
  /** The target is started with the placeholder; nothing is released. */
  | 'text'
  /** Nothing is started. */
  | 'refused';

/** What a command is made of. */
export interface Shop {
  /** The program that is to be started: an absolute path. */
  readonly target: string;
  /** A directory of the way's own, HOME and working directory, with the target in it. */
  readonly directory: string;
  /** test/hook/probe.c as a launcher: hooked, static, and set-uid (where that can be made). */
  readonly probe: string;
  readonly staticProbe: string;
  readonly setUidProbe: string | undefined;
  /** Launchers in compiled languages, where there is a compiler. */
  readonly rust: string | undefined;
  readonly go: string | undefined;
  /** Writes a file into the directory; gives its path. */
  write(name: string, text: string, mode?: number): string;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Run before, outside of the session. */
  readonly before?: readonly (readonly string[])[];
  /** Run afterwards, outside of the session, when the target has been seen. */
  readonly after?: readonly string[];
}

/** One row of the matrix: a way to start a program. */
export interface Way {
  readonly name: string;
  /** Programs without which it cannot be run. */
  readonly needs?: readonly string[];
  readonly expected: Readonly<Record<Place, Result>>;
  /** Undefined: cannot be run here. */
  command(shop: Shop, place: Place): Command | undefined;
}

export const PLACEHOLDER = '$VAULT<gh>';
export const BOTH_VALUE = { argv: 'value', env: 'value' } as const;
export const BOTH_TEXT = { argv: 'text', env: 'text' } as const;

/** A line of a shell that starts the target. */
export function shellLine(target: string, place: Place): string {
  return place === 'argv' ? `'${target}' '${PLACEHOLDER}'` : `T='${PLACEHOLDER}' '${target}' x`;
}

/** The target's last argument, and what is added to the environment. */
export function given(place: Place): { last: string; env: Record<string, string> } {
  return place === 'argv' ? { last: PLACEHOLDER, env: {} } : { last: 'x', env: { T: PLACEHOLDER } };
}
