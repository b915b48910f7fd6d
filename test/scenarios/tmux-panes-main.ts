import { openPanes } from './tmux-panes.ts';

/* `npm run panes [-- N]`: N panes of tmux at once, each a session. Ends with an error if one shows a value or leaves anything. */
const count = Number(process.argv[2] ?? '20');
if (!Number.isInteger(count) || count < 1) {
  console.error('panes takes a number of panes');
  process.exit(2);
}
const begun = performance.now();
await openPanes(count);
const seconds = ((performance.now() - begun) / 1000).toFixed(1);
console.log(
  `ok: ${count} panes opened, used and closed at once in ${seconds} s; masks only, nothing left`,
);
