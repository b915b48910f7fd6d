import assert from 'node:assert/strict';
import test from 'node:test';
import xterm from '@xterm/headless';
import { layOut, type Page, type View } from '../../src/session/dialog-text.ts';
import { approvalRequest } from '../support/approval.ts';

/** Gives the page, and the rows of a terminal that it was drawn on. */
async function draw(more: Partial<View>): Promise<Page & { rows: string[] }> {
  const size = more.size ?? { columns: 80, rows: 24 };
  const page = layOut({
    request: approvalRequest(),
    top: 0,
    isReady: true,
    colour: true,
    ...more,
    size,
  });
  const display = new xterm.Terminal({
    cols: size.columns,
    rows: size.rows,
    allowProposedApi: true,
  });
  await new Promise<void>((resolve) => {
    display.write(page.text, resolve);
  });
  const { active } = display.buffer;
  assert.equal(active.baseY, 0, 'nothing scrolls');
  const rows = Array.from({ length: size.rows }, (_, row) => {
    const line = active.getLine(row);
    assert.equal(line?.isWrapped, false, 'nothing wraps');
    return line?.translateToString(true) ?? '';
  });
  display.dispose();
  return { ...page, rows };
}

void test('everything that matters is shown', async () => {
  const { rows } = await draw({});
  // Past the labels.
  const shown = rows.map((row) => row.slice(10)).join('');
  for (const wanted of [
    'github/token (provider github, account me, environment production',
    'access read',
    'tags ci,web',
    'curl example.org',
    '/usr/bin/curl',
    '/usr/bin/bash (300) < /usr/bin/node (200) < /usr/bin/zsh (100), for claude',
    '/home/me/project',
  ]) {
    assert.ok(shown.includes(wanted), `${wanted} in\n${shown}`);
  }
  assert.equal(rows.at(-1), 'd deny   o allow once   s allow for this session (at most 24 h)');
});

void test('a long command is all there, and can be scrolled to', async () => {
  const command = Array.from({ length: 400 }, (_, index) => `w${index}`).join(' ');
  const request = approvalRequest({ command });
  const large = await draw({ request, size: { columns: 80, rows: 50 } });
  assert.ok(
    large.rows
      .map((row) => row.slice(10))
      .join('')
      .includes('w399'),
  );
  assert.equal(large.lastTop, 0);

  const size = { columns: 80, rows: 10 };
  const first = await draw({ request, size });
  const [, below = ''] = /(\d+) more characters below, 0 above/.exec(first.rows.join('\n')) ?? [];
  assert.ok(Number(below) > 1000);
  const last = await draw({ request, size, top: 1_000_000 });
  assert.match(last.rows.join('\n'), /\/home\/me\/project\n0 more characters below, \d{4} above/);
  const seen = new Set<string>();
  for (let top = 0; top <= first.lastTop; top += first.height) {
    const { rows } = await draw({ request, size, top });
    for (const [word] of rows.join('\n').matchAll(/w\d+/g)) seen.add(word);
  }
  // A word that was cut at the end of a line counts as its beginning.
  assert.ok(seen.size > 350);
});

for (const [columns, rows] of [
  [20, 5],
  [20, 3],
  [8, 2],
  [3, 1],
  [1, 1],
  [300, 4],
] as const) {
  for (const isReady of [true, false]) {
    void test(`a window of ${columns}x${rows} shows what fits, ready: ${isReady}`, async () => {
      const request = approvalRequest({ command: 'curl 文字化け😀 --'.repeat(20) });
      const size = { columns, rows };
      const { lastTop } = await draw({ request, size, isReady });
      for (let top = 0; top <= lastTop; top++) await draw({ request, size, isReady, top });
    });
  }
}

void test('20x5 shows the secret, how much more there is, and the keys', async () => {
  const { rows } = await draw({ size: { columns: 20, rows: 5 } });
  assert.deepEqual(rows, [
    'vault-shell: a prog',
    'secret: github/toke',
    'n (provider github,',
    rows[3],
    'deny/once/session?',
  ]);
  assert.match(rows[3] ?? '', /^\+\d+ down \+0 up$/);
});

void test('controls and what cannot be seen are shown as escapes', async () => {
  const request = approvalRequest({
    command: 'a\u001b[2Jb\u200bc\u202ed\u3164e',
    cwd: '/tmp/\nx',
    file: '/bin/\u001b]0;t\u0007',
  });
  const page = await draw({ request, colour: false });
  assert.ok(page.rows.join('\n').includes('a\\x1b[2Jb\\u{200b}c\\u{202e}d\\u{3164}e'));
  assert.ok(page.rows.join('\n').includes('/tmp/\\nx'));
  // oxlint-disable-next-line no-control-regex -- nothing but what places and erases
  assert.match(page.text, /^(?:\u001b\[\d+;1H[^\u0000-\u001f]*\u001b\[K)+$/);
});

void test('without colour there is none', async () => {
  const { text } = await draw({ colour: false });
  assert.doesNotMatch(text, /\[\d*m/);
});
