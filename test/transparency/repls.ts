import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Row } from './row.ts';

const PROMPT = { PS1: '$ ' };

export const replRows: readonly Row[] = [
  {
    name: 'python3',
    does: 'lines, history, completion, Ctrl-C, Ctrl-D',
    command: ['python3', '-q', '-i'],
    expected: 'bytes',
    async play(person) {
      await person.look(/>>>$/);
      await person.type('x = 6 * 7\r', />>>$/);
      await person.type('x\r', /\n42\n/);
      await person.type('\x1b[A\x1b[A\r', /42\n>>> x = 6 \* 7\n>>>$/);
      await person.type('impo\t', /import/);
      await person.type('\x03', /KeyboardInterrupt/);
      person.send('\x04');
    },
  },
  {
    name: 'node',
    does: 'lines, a preview, history, .exit',
    command: ['node', '-i'],
    environment: { NODE_REPL_HISTORY: '' },
    expected: 'bytes',
    async play(person) {
      await person.look(/>$/);
      await person.type('const x = 6 * 7', /7$/);
      await person.type('\r', /undefined\n>$/);
      await person.type('x + 1\r', /\n43\n/);
      await person.type('\x1b[A', /x \+ 1[^]*x \+ 1/);
      person.send('\x15.exit\r');
    },
  },
  {
    name: 'bash',
    does: 'readline: edit, search back, complete, paste in brackets',
    command: ['bash', '--norc', '-i'],
    environment: PROMPT,
    prepare: (directory) => writeFileSync(path.join(directory, 'a-long-name'), 'content\n'),
    expected: 'bytes',
    async play(person) {
      await person.look(/\$$/);
      await person.type('echo wrold\x1b[D\x1b[D\x1b[D\x14\x05\r', /\nworld|\nwr/);
      await person.type('cat a-\t\r', /content/);
      await person.type('\x12wr', /reverse-i-search/);
      await person.type('\r', /\$$/);
      await person.type('\x1b[200~echo one\recho two\x1b[201~', /echo two/);
      await person.type('\r', /\ntwo/);
      await person.type('echo gr\u00fc\u00df\u4e16\x7f\x7f\r', /\ngr\u00fc/);
      person.send('exit 3\r');
    },
  },
  {
    name: 'zsh',
    does: 'its line editor: edit, complete, a menu, history',
    command: ['zsh', '-f', '-i'],
    environment: PROMPT,
    prepare: (directory) => writeFileSync(path.join(directory, 'a-long-name'), 'content\n'),
    expected: 'bytes',
    async play(person) {
      await person.look(/\$$/);
      await person.type('echo one two\x1bb\x0b\r', /\none/);
      await person.type('cat a-\t\r', /content/);
      await person.type('\x1b[A\x1b[A\r', /one[^]*one/);
      await person.type('\x12cat', /bck-i-search/);
      await person.type('\r', /\$$/);
      person.send('exit 4\r');
    },
  },
  {
    name: 'fish',
    does: 'its line editor: suggestions, completion, history',
    command: ['fish', '--no-config', '-i'],
    prepare: (directory) => writeFileSync(path.join(directory, 'a-long-name'), 'content\n'),
    expected: 'screens',
    async play(person) {
      await person.look(/[>#]$/);
      await person.type('echo one two\r', /\none two\n.*[>#]$/);
      await person.type('ec', /echo one two$/);
      await person.type('\x1b[C\r', /one two\n[^]*one two\none two\n.*[>#]$/);
      await person.type('cat a-\t\r', /content/);
      person.send('exit 5\r');
    },
  },
];
