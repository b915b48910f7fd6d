import { test } from 'node:test';
import { missing } from '../support/programs.ts';
import { openPanes } from './tmux-panes.ts';

test(
  'panes of tmux opened and closed at once show masks only and leave nothing behind [G1]',
  { skip: missing('tmux'), timeout: 120_000 },
  async () => {
    await openPanes(6);
  },
);
