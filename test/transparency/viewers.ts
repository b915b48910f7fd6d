import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Row } from './row.ts';

function numbers(directory: string): void {
  const lines = Array.from({ length: 300 }, (_, n) => `\x1b[1m${n + 1}\x1b[0m of 300\n`);
  writeFileSync(path.join(directory, 'numbers'), lines.join(''));
}

const HTOP_SETTINGS = `htop_version=3.2.2
config_reader_min_version=3
fields=0 48 17 18 38 39 40 2 46 47 49 1
header_layout=two_50_50
column_meters_0=AllCPUs Memory Swap
column_meter_modes_0=1 1 1
column_meters_1=Hostname
column_meter_modes_1=2
`;

const NOBODY = { name: 'A', email: 'a@example.org', date: '2020-01-01T00:00:00Z' };

function repository(directory: string): void {
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    GIT_AUTHOR_NAME: NOBODY.name,
    GIT_AUTHOR_EMAIL: NOBODY.email,
    GIT_AUTHOR_DATE: NOBODY.date,
    GIT_COMMITTER_NAME: NOBODY.name,
    GIT_COMMITTER_EMAIL: NOBODY.email,
    GIT_COMMITTER_DATE: NOBODY.date,
  };
  const git = (...args: string[]): void => {
    execFileSync('git', args, { cwd: directory, env, stdio: 'ignore' });
  };
  git('init', '-b', 'main');
  const file = path.join(directory, 'file');
  writeFileSync(file, `${Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n')}\n`);
  git('add', 'file');
  git('commit', '-m', 'one');
  for (let n = 0; n < 30; n++) git('commit', '--allow-empty', '-m', `commit ${n}`);
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('line 2\n', 'second\n').replace('line 27', 'last'),
  );
}

/** Figures of the machine: each run of digits, with the blanks around it, is one. */
function figures(text: string): string {
  return text.replaceAll(/[ \d.,:]*\d[ \d.,:]*/g, '0');
}

export const viewerRows: readonly Row[] = [
  {
    name: 'less',
    does: 'page, search, jump, resize, quit',
    command: ['less', '-R', 'numbers'],
    prepare: numbers,
    expected: 'bytes',
    async play(person) {
      await person.look(/1 of 300/);
      await person.type(' ', /24 of 300/);
      await person.type('/250\r', /250 of 300/);
      await person.type('G', /300 of 300/);
      person.resize(60, 15);
      // It loses keys that come with a change of the size.
      await person.look(/291 of 300\n:$/);
      await person.type('g', /^1 of 300/);
      person.send('q');
    },
  },
  {
    name: 'man',
    does: 'a page with its pager',
    needs: ['less', 'groff'],
    command: ['man', './page.1'],
    prepare(directory) {
      const text =
        '.TH PAGE 1 "1 January 2020"\n.SH NAME\npage \\- \\fBbold\\fR and \\fIitalic\\fR text\n';
      writeFileSync(path.join(directory, 'page.1'), text + '.SH WORDS\nword\n.PP\n'.repeat(30));
    },
    environment: { PAGER: 'less' },
    expected: 'bytes',
    async play(person) {
      await person.look(/bold and italic[^]*q to quit\)$/);
      await person.type(' ', /WORDS[^]*q to quit\)$/);
      person.send('q');
    },
  },
  {
    name: 'git log',
    does: 'with its pager and colours',
    needs: ['less'],
    command: ['git', 'log', '--decorate'],
    prepare: repository,
    expected: 'bytes',
    async play(person) {
      await person.look(/commit 29/);
      await person.type('/commit 3\r', /commit 3/);
      person.send('q');
    },
  },
  {
    name: 'git add -p',
    does: 'one hunk yes, one no',
    command: ['git', 'add', '-p'],
    prepare: repository,
    expected: 'bytes',
    async play(person) {
      await person.look(/second[^]*\?$/);
      await person.type('y\r', /last[^]*\?$/);
      person.send('n\r');
    },
  },
  {
    name: 'top',
    does: 'its screen, another order, quit',
    command: ['top', '-d', '1000', '-p', '1'],
    expected: 'screens',
    async play(person) {
      await person.look(/PID USER/);
      await person.type('h', /Help for Interactive/);
      await person.type('\x1b', /PID USER/);
      person.send('q');
    },
    apart: { from: 'its figures', mask: figures },
  },
  {
    name: 'htop',
    does: 'its screen, its help, quit',
    // Without the meters whose texts are now longer, now shorter: how many processes there are, and the load.
    prepare(directory) {
      mkdirSync(path.join(directory, '.config/htop'), { recursive: true });
      writeFileSync(path.join(directory, '.config/htop/htoprc'), HTOP_SETTINGS);
    },
    command: ['htop', '-d', '100', '--readonly', '--pid', '1'],
    size: { columns: 100, rows: 45 },
    expected: 'screens',
    async play(person) {
      await person.look(/F10Quit/);
      await person.type('h', /any key to return/);
      await person.type(' ', /F10Quit/);
      person.send('q');
    },
    apart: {
      from: 'its figures',
      // The bars, whose lengths and colours are figures too.
      mask: (text) =>
        figures(text.replaceAll(/\[[^\]\n]{20,}\]/g, '[]').replaceAll(/\{[| ] [^}]*\}/g, ' ')),
    },
  },
];
