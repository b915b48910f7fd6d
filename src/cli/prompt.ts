import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { VaultShellError } from '../base/errors.ts';
import { deferred } from '../session/deferred.ts';
import { onSignals } from '../session/signals.ts';

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
  const answer = deferred<string | VaultShellError>();
  // The line end that a person types is shown only where the rest of the answer is.
  let lineEnd = hidden ? '\n' : '';
  function cancel(): void {
    lineEnd = '\n';
    answer.resolve(new VaultShellError('REFUSED', 'cancelled'));
  }
  // Before the echo goes: to end at once would leave the terminal without it.
  const removeSignals = onSignals({ SIGINT: cancel, SIGTERM: cancel, SIGHUP: cancel });
  const lines = createInterface({ input: terminal, output: echo, terminal: true, historySize: 0 });
  try {
    lines.on('SIGINT', cancel);
    lines.on('close', cancel);
    if (hidden) show(question);
    lines.question(hidden ? '' : question, (line) => {
      // What was pasted with it comes in the same turn. Half of a key must not pass for the whole.
      let more = false;
      lines.on('line', () => {
        more = true;
      });
      setImmediate(() => {
        answer.resolve(more || lines.line !== '' ? severalLines() : line);
      });
    });
    const given = await answer.promise;
    if (given instanceof VaultShellError) throw given;
    return given;
  } finally {
    removeSignals();
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
