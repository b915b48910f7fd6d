import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Row } from './row.ts';

function notes(directory: string): void {
  const lines = Array.from({ length: 60 }, (_, n) => `line ${n + 1}: grüße, 世界, plain text\n`);
  writeFileSync(path.join(directory, 'notes.txt'), lines.join(''));
}

export const editorRows: readonly Row[] = [
  {
    name: 'vim',
    does: 'its defaults (it asks the terminal what it is), insert, search, a split, undo, save',
    command: ['vim', '--clean', '-n', 'notes.txt'],
    prepare: notes,
    expected: 'screens',
    async play(person) {
      await person.look(/line 1:/);
      await person.type('Onew line\x1b', /new line/);
      await person.type('/line 40\r', /line 40/);
      await person.type(':split\r', /notes.txt.*\n[^]*notes.txt/);
      await person.type('ddu', /line 40/);
      person.resize(100, 30);
      await person.type('G', /line 60/);
      person.send(':wq\r:q\r');
    },
  },
  {
    name: 'nano',
    does: 'type, search, save',
    command: ['nano', '--ignorercfiles', 'notes.txt'],
    prepare: notes,
    expected: 'bytes',
    async play(person) {
      await person.look(/line 1:/);
      await person.type('héllo ', /héllo line 1/);
      await person.type('\x17line 50\r', /line 50/);
      await person.type('\x0f\r', /Wrote 60 lines/);
      person.send('\x18');
    },
  },
  {
    name: 'mc',
    does: 'two panels, view a file, quit',
    command: ['mc', '--nosubshell', '--nomouse', 'panel', 'panel'],
    prepare(directory) {
      const panel = path.join(directory, 'panel');
      mkdirSync(panel);
      notes(panel);
      utimesSync(path.join(panel, 'notes.txt'), 1e9, 1e9);
      utimesSync(panel, 1e9, 1e9);
      utimesSync(directory, 1e9, 1e9);
      const settings = path.join(directory, '.config', 'mc');
      mkdirSync(settings, { recursive: true });
      writeFileSync(path.join(settings, 'ini'), '[Layout]\nfree_space=false\n');
    },
    expected: 'screens',
    async play(person) {
      await person.look(/notes\.txt[^]*10Quit/);
      await person.type('\x1bOB\x1bOR', /line 20:/);
      await person.type('\x1b[21~', /10Quit/);
      person.send('\x1b[21~');
    },
    apart: {
      from: 'the time of the directory above',
      mask: (text) => text.replaceAll(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d/g, 'Jan  1 00:00'),
    },
  },
];
