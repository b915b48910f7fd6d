import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Row } from './row.ts';

function configureTmux(directory: string): void {
  // What comes at once is no paste here.
  const settings = 'set -g status off\nset -sg assume-paste-time 0\n';
  writeFileSync(path.join(directory, 'tmux.conf'), settings);
}

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
    prepare: configureTmux,
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
  {
    name: 'vim in tmux',
    does: 'tmux around it: a session in a pane',
    needs: ['tmux'],
    command: ['vim', '--clean', '-n', 'words'],
    within: (command) => ['tmux', '-S', 'socket', '-f', 'tmux.conf', 'new-session', ...command],
    prepare(directory) {
      configureTmux(directory);
      writeFileSync(path.join(directory, 'words'), 'first\nsecond 世界\n'.repeat(40));
    },
    expected: 'screens',
    async play(person) {
      await person.look(/^first\nsecond/);
      await person.type('jihere \x1b', /here second/);
      person.resize(100, 30);
      await person.type('G', /80,/);
      person.send(':q!\r');
    },
  },
];
