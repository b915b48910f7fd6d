import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Row } from './row.ts';

export const dialogRows: readonly Row[] = [
  {
    name: 'whiptail',
    does: 'a menu, the second entry',
    command: [
      'whiptail',
      '--title',
      'Menü',
      '--menu',
      'choose',
      '15',
      '50',
      '4',
      'a',
      'first',
      'b',
      'second',
    ],
    expected: 'bytes',
    async play(person) {
      await person.look(/second/);
      await person.type('\x1b[B', /second/);
      person.send('\r');
    },
  },
  {
    name: 'dialog',
    does: 'a check list',
    command: [
      'dialog',
      '--checklist',
      'choose',
      '15',
      '50',
      '4',
      'a',
      'first',
      'off',
      'b',
      'second',
      'on',
    ],
    expected: 'bytes',
    async play(person) {
      await person.look(/second/);
      await person.type(' ', /\[\*\] a/);
      person.send('\r');
    },
  },
  {
    name: 'fzf',
    does: 'look for a word, move, choose',
    command: ['sh', '-c', 'seq 1000 | fzf --no-info'],
    needs: ['fzf'],
    expected: 'screens',
    async play(person) {
      await person.look(/> 1\b/);
      await person.type('99', /> 99\b/);
      await person.type('\x1b[A', /> 990/);
      person.send('\r');
    },
  },
  {
    name: 'tmux in it',
    does: 'a split, a line in each pane, a resize, the end',
    command: ['tmux', '-S', 'socket', '-f', 'tmux.conf', 'new-session', 'sh'],
    environment: { PS1: '$ ' },
    // What comes at once is no paste here.
    prepare: (directory) =>
      writeFileSync(
        path.join(directory, 'tmux.conf'),
        'set -g status off\nset -sg assume-paste-time 0\n',
      ),
    expected: 'screens',
    async play(person) {
      await person.look(/\$/);
      await person.type('\x02"', /─/);
      await person.type('echo one $((1 + 1))\r', /one 2/);
      person.resize(100, 30);
      await person.look(/one 2/);
      await person.type('exit\r', /\$/);
      person.send('exit\r');
    },
  },
];
