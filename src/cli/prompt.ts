import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { VaultShellError } from '../base/errors.ts';

/** Asks on the controlling terminal without showing what is typed. Throws VAULT_LOCKED without one. */
export async function askHidden(question: string): Promise<string> {
  return ask(question, true);
}

/** Asks a question whose answer is shown. */
export async function askShown(question: string): Promise<string> {
  return ask(question, false);
}

/** True when there is a controlling terminal to ask on. */
export function canAsk(): boolean {
  try {
    new ReadStream(openSync('/dev/tty', 'r+')).destroy();
    return true;
  } catch {
    return false;
  }
}

async function ask(question: string, hidden: boolean): Promise<string> {
  let terminal: ReadStream;
  try {
    terminal = new ReadStream(openSync('/dev/tty', 'r+'));
  } catch (error) {
    throw new VaultShellError('TERMINAL', 'no terminal to ask on', { cause: error });
  }
  const fd = openSync('/dev/tty', 'w');
  const { writeSync, closeSync } = await import('node:fs');
  const show = (text: string): void => {
    writeSync(fd, text);
  };
  // readline edits the line; what it would echo goes nowhere while the answer is hidden.
  const echo = new Writable({
    write(chunk: Buffer, _encoding, done): void {
      if (!hidden) writeSync(fd, chunk);
      done();
    },
  });
  const lines = createInterface({ input: terminal, output: echo, terminal: true, historySize: 0 });
  // Only now does the terminal not echo any more what is typed as an answer.
  if (hidden) show(question);
  // The line end that a person types is shown only where the rest of the answer is.
  let lineEnd = hidden ? '\n' : '';
  try {
    return await new Promise<string>((resolve, reject) => {
      const cancel = (): void => {
        lineEnd = '\n';
        reject(new VaultShellError('REFUSED', 'cancelled'));
      };
      lines.on('SIGINT', cancel);
      lines.on('close', cancel);
      lines.question(hidden ? '' : question, (answer) => {
        // What was pasted with it comes in the same turn. Half of a key must not pass for the whole.
        let more = false;
        lines.on('line', () => {
          more = true;
        });
        setImmediate(() => {
          if (more || lines.line !== '') reject(severalLines());
          else resolve(answer);
        });
      });
    });
  } finally {
    lines.removeAllListeners('close');
    lines.close();
    terminal.setRawMode(false);
    terminal.destroy();
    show(lineEnd);
    closeSync(fd);
  }
}

function severalLines(): VaultShellError {
  return new VaultShellError('REFUSED', 'more than one line was given', {
    hint: 'a value of several lines comes from stdin or a file: set NAME --from-file FILE',
  });
}
