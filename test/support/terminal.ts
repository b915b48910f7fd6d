import { setTimeout as delay } from 'node:timers/promises';
import xterm from '@xterm/headless';
import { deferred } from '../../src/session/deferred.ts';
import type { Exit } from '../../src/session/exit.ts';
import { openPty } from '../../src/session/pty.ts';

export type TestTerminalOptions = {
  readonly file: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly columns?: number;
  readonly rows?: number;
  /** Answers what programs ask a terminal: what it is, where the cursor is, which colours it has. */
  readonly answers?: boolean;
};

/** A terminal as a person has it: a screen, and a program in a PTY behind it. */
export type TestTerminal = {
  readonly pid: number;
  /** Resolves when the program has ended and all its output is on the screen. */
  readonly done: Promise<Exit>;
  /** Types text or bytes. */
  send(input: string | Uint8Array): void;
  /**
   * Waits until the output, from where the last wait ended, has the text or matches; gives what it had up
   * to there. Rejects, showing the output, when the program ends first or after a minute.
   */
  waitFor(wanted: string | RegExp): Promise<string>;
  /** Everything the program wrote, as bytes. */
  output(): Buffer;
  /** What a person sees: the lines of the screen, right-trimmed. */
  screen(): Promise<string>;
  /** All there is to know of the screen: its cells with their colours, the cursor, the modes. */
  snapshot(): Promise<string>;
  /** Waits until the screen matches and nothing more comes for QUIET_MS; gives a snapshot. Rejects as `waitFor` does. */
  see(wanted: RegExp): Promise<string>;
  resize(columns: number, rows: number): void;
  /** Reads no output until the function it gives is called: the reader is slow. */
  stall(): () => void;
  kill(signal: NodeJS.Signals): void;
  /** Ends the program, if it is still there, and waits for that. */
  close(): Promise<void>;
};

/** A wait that takes longer has failed; it is not a limit anything should come near. */
const GIVE_UP_MS = 60_000;
/** A program that has drawn what it was asked to draws nothing more by then. */
const QUIET_MS = 100;
const COLOURS = { 10: 'rgb:dddd/dddd/dddd', 11: 'rgb:1111/2222/3333' } as const;

export function openTestTerminal(options: TestTerminalOptions): TestTerminal {
  const { columns = 80, rows = 24 } = options;
  const display = new xterm.Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
    logLevel: 'off',
  });
  const output = openCollection();
  let seen = 0;
  let stalled: Promise<void> | undefined;
  const watchers = new Set<() => void>();

  const pty = openPty({
    launch: { file: options.file, args: options.args ?? [] },
    environment: options.environment ?? testEnvironment(),
    cwd: options.cwd ?? process.cwd(),
    size: { columns, rows },
    onOutput(chunk) {
      const bytes = Buffer.from(chunk);
      output.add(bytes);
      display.write(bytes);
      for (const watch of watchers) watch();
      return stalled;
    },
  });
  if (options.answers === true) {
    display.onData((answer) => void pty.write(Buffer.from(answer)));
    for (const [code, colour] of Object.entries(COLOURS)) {
      display.parser.registerOscHandler(Number(code), (asked) => {
        if (asked === '?') pty.write(Buffer.from(`\x1b]${code};${colour}\x07`));
        return true;
      });
    }
  }
  let exit: Exit | undefined;
  const done = pty.done.then((how) => {
    exit = how;
    for (const watch of watchers) watch();
    return how;
  });

  /** `from`: before that place a text was looked for already; a pattern is looked for in all that was not seen yet. */
  function find(wanted: string | RegExp, from: number): string | undefined {
    const all = output.bytes();
    const start = seen;
    if (typeof wanted === 'string') {
      const at = all.indexOf(wanted, Math.max(start, from), 'latin1');
      if (at === -1) return undefined;
      seen = at + wanted.length;
    } else {
      const match = wanted.exec(all.toString('latin1', start));
      if (match === null) return undefined;
      seen += match.index + match[0].length;
    }
    return all.toString('latin1', start, seen);
  }

  function failure(wanted: string | RegExp, reason: string): Error {
    const shown = JSON.stringify(output.bytes().subarray(-2000).toString('latin1'));
    return new Error(`waiting for ${wanted}: ${reason}; the output was ${shown}`);
  }

  function drawn(): Promise<void> {
    return new Promise((resolve) => {
      display.write('', resolve);
    });
  }

  async function screen(): Promise<string> {
    await drawn();
    const { active } = display.buffer;
    const lines: string[] = [];
    for (let row = 0; row < display.rows; row++) {
      lines.push(active.getLine(active.baseY + row)?.translateToString(true) ?? '');
    }
    return lines.join('\n').trimEnd();
  }

  async function quiet(): Promise<void> {
    for (let before = -1; before !== output.bytes().length;) {
      before = output.bytes().length;
      await delay(QUIET_MS);
    }
  }

  async function snapshot(): Promise<string> {
    await drawn();
    const { active } = display.buffer;
    const rows = Array.from({ length: display.rows }, (_, row) => {
      const line = active.getLine(active.baseY + row);
      return Array.from({ length: display.cols }, (_, column) => {
        const cell = line?.getCell(column);
        if (cell === undefined) return '';
        const text = cell.getChars() || ' ';
        if (cell.isAttributeDefault()) return text;
        const colours = `${cell.getFgColorMode()}:${cell.getFgColor()},${cell.getBgColorMode()}:${cell.getBgColor()}`;
        const style = [cell.isBold(), cell.isItalic(), cell.isUnderline(), cell.isInverse()];
        return `{${text} ${colours} ${style.map((bits) => Number(bits !== 0)).join('')}}`;
      }).join('');
    });
    const { type, cursorX, cursorY, baseY } = active;
    return JSON.stringify([rows, type, cursorX, cursorY, baseY, display.modes], undefined, 1);
  }

  return {
    pid: pty.pid,
    done,
    send(input) {
      pty.write(typeof input === 'string' ? Buffer.from(input) : input);
    },
    waitFor(wanted) {
      return new Promise((resolve, reject) => {
        function settle(result: string | Error): void {
          watchers.delete(watch);
          clearTimeout(timer);
          if (typeof result === 'string') resolve(result);
          else reject(result);
        }
        let from = 0;
        function watch(): void {
          const found = find(wanted, from);
          if (typeof wanted === 'string') from = output.bytes().length - wanted.length + 1;
          if (found !== undefined) settle(found);
          else if (exit !== undefined) settle(failure(wanted, 'the program ended'));
        }
        const timer = setTimeout(() => {
          settle(failure(wanted, 'it did not come'));
        }, GIVE_UP_MS);
        watchers.add(watch);
        watch();
      });
    },
    output: () => Buffer.from(output.bytes()),
    screen,
    snapshot,
    async see(wanted) {
      for (const deadline = performance.now() + GIVE_UP_MS; ;) {
        await quiet();
        const shown = await screen();
        if (wanted.test(shown)) return snapshot();
        const late = performance.now() > deadline;
        if (late || exit !== undefined) {
          throw new Error(`${wanted} is not on the screen: ${JSON.stringify(shown)}`);
        }
      }
    },
    resize(wide, high) {
      display.resize(wide, high);
      pty.resize({ columns: wide, rows: high });
    },
    stall() {
      const gate = deferred<void>();
      stalled = gate.promise;
      return () => {
        stalled = undefined;
        gate.resolve();
      };
    },
    kill: pty.kill,
    async close() {
      pty.kill('SIGKILL');
      await done.catch(() => undefined);
      display.dispose();
    },
  };
}

interface Collection {
  add(bytes: Uint8Array): void;
  /** All of it; not to be kept. */
  bytes(): Buffer;
}

/** Bytes one after the other: to join all chunks, or strings, at each would take ever longer. */
function openCollection(): Collection {
  let room = Buffer.alloc(64 * 1024);
  let length = 0;
  return {
    add(bytes) {
      while (length + bytes.length > room.length) {
        room = Buffer.concat([room], 2 * room.length);
      }
      room.set(bytes, length);
      length += bytes.length;
    },
    bytes: () => room.subarray(0, length),
  };
}

/** An environment with nothing of the developer's in it. */
export function testEnvironment(
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    PS1: '$ ',
    ...more,
  };
}
