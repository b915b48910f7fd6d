import { python, type Row } from './row.ts';

/** Raw mode, then what is asked or set, then all that comes in, as Python shows it, up to a `q`. */
function listen(sequence: string): readonly string[] {
  return python(`
import os, sys, tty, termios
modes = termios.tcgetattr(0)
tty.setraw(0)
sys.stdout.write(${JSON.stringify(sequence)}); sys.stdout.flush()
got = b''
while not got.endswith(b'q'): got += os.read(0, 1024)
termios.tcsetattr(0, termios.TCSADRAIN, modes)
print(got)
`);
}

function write(bytes: string): readonly string[] {
  return python(`import sys; sys.stdout.buffer.write(${bytes})`);
}

const QUERIES =
  '\x1b[c\x1b[>c\x1b[5n\x1b[3;7H\x1b[6n\x1b]10;?\x07\x1b]11;?\x1b\\\x1b[?2004$p\x1b[>q';

export const sequenceRows: readonly Row[] = [
  {
    name: 'tput',
    does: 'colours, attributes, cursor, scroll region',
    command: [
      'sh',
      '-c',
      'tput clear; tput setaf 2; tput bold; echo green; tput sgr0; tput cup 10 20; printf here; tput csr 2 8; tput cup 8 0; echo; echo; tput smso; echo end; tput rmso; tput cols; tput lines',
    ],
    needs: ['tput'],
    expected: 'bytes',
  },
  {
    name: 'mouse',
    does: 'reports of clicks and of the wheel (SGR)',
    command: listen('\x1b[?1000h\x1b[?1006hready\r\n'),
    expected: 'bytes',
    async play(person) {
      await person.look(/ready/);
      person.send('\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<64;10;5Mq');
    },
  },
  {
    name: 'bracketed paste',
    does: 'of several lines',
    command: listen('\x1b[?2004hready\r\n'),
    expected: 'bytes',
    async play(person) {
      await person.look(/ready/);
      person.send('\x1b[200~one\rtwo\x03\x1b[201~q');
    },
  },
  {
    name: 'alternate screen',
    does: 'there and back',
    command: ['sh', '-c', 'echo before; tput smcup; echo inside; read x; tput rmcup; echo after'],
    expected: 'bytes',
    async play(person) {
      await person.look(/inside/);
      person.send('\r');
    },
  },
  {
    name: 'questions to the terminal',
    does: 'DA1, DA2, DSR, CPR, OSC 10 and 11, DECRQM, XTVERSION, and their answers',
    command: listen(QUERIES),
    expected: 'bytes',
    async play(person) {
      await person.waitFor('\x1b[>q');
      await person.look(/^/);
      person.send('q');
    },
  },
  {
    name: 'wide characters',
    does: 'UTF-8 of all lengths, combining, joined and right-to-left characters',
    command: ['printf', '%s\\n', '世界 ｗｉｄｅ', 'é à', '👩‍👩‍👧 🇫🇷', 'مرحبا שלום', '\u{10ffff}'],
    expected: 'bytes',
  },
  {
    name: 'UTF-8 in pieces',
    does: 'single bytes with pauses between them',
    command: python(`
import sys, time
for byte in 'grüße 世界 👩‍👧\\r\\n'.encode():
    sys.stdout.buffer.write(bytes([byte])); sys.stdout.flush(); time.sleep(0.005)
`),
    expected: 'bytes',
  },
  {
    name: 'sixel',
    does: 'a picture of 200 KB, and text after it',
    command: write(`b'\\x1bPq"1;1;2000;60#0;2;0;0;0' + b'#0!200~-' * 25000 + b'\\x1b\\\\after\\n'`),
    expected: 'bytes',
  },
  {
    name: 'links and titles',
    does: 'OSC 0, 8 and 52',
    command: [
      'printf',
      '\\033]0;a title\\007\\033]8;;https://example.org/\\033\\\\text\\033]8;;\\033\\\\\\033]52;c;YWJj\\007\\n',
    ],
    expected: 'bytes',
  },
  {
    name: 'all 256 bytes out',
    does: 'as they are, in raw mode and not',
    command: [
      'sh',
      '-c',
      `python3 -c "import sys; sys.stdout.buffer.write(bytes(range(256)))"; stty raw; python3 -c "import sys; sys.stdout.buffer.write(bytes(range(256)))"`,
    ],
    expected: 'bytes',
  },
  {
    name: 'all 256 bytes in',
    does: 'in raw mode',
    command: ['sh', '-c', 'stty raw -echo; printf ready; head -c 256 | sha256sum; stty sane'],
    expected: 'bytes',
    async play(person) {
      await person.waitFor('ready');
      person.send(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
    },
  },
];
