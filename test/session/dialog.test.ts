import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missing } from '../support/programs.ts';
import {
  openTestTerminal,
  testEnvironment,
  type TestTerminal,
  type TestTerminalOptions,
} from '../support/terminal.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

const FIXTURE = fileURLToPath(new URL('fixtures/dialog-session.js', import.meta.url));
const READY = /d deny {3}o allow once|deny\/once\/session/;

interface Subject extends TestTerminal {
  /** Has a dialog opened. */
  ask(): void;
  /** Has one opened, and waits until it takes keys. */
  open(): Promise<void>;
  /** Types a key, and waits for the verdict and until the terminal is as it was. */
  answer(key: string): Promise<string>;
}

async function start(
  t: TestContext,
  script: string,
  options: Partial<TestTerminalOptions> = {},
): Promise<Subject> {
  const terminal = openTestTerminal({
    ...options,
    file: process.execPath,
    args: [FIXTURE, 'bash', '-c', script],
    environment: testEnvironment(options.environment),
  });
  whenDone(t, () => terminal.close());
  await terminal.waitFor('started');
  const ask = (): void => {
    terminal.kill('SIGUSR2');
  };
  return {
    ...terminal,
    ask,
    async open() {
      ask();
      await terminal.waitFor(READY);
    },
    async answer(key) {
      terminal.send(key);
      const verdict = await terminal.waitFor(/verdict=\w+/);
      return verdict.slice(verdict.lastIndexOf('=') + 1);
    },
  };
}

for (const [key, verdict] of [
  ['o', 'once'],
  ['s', 'session'],
  ['d', 'deny'],
  ['\r', 'deny'],
  ['\u0003', 'deny'],
  ['\u001b', 'deny'],
] as const) {
  void test(`${JSON.stringify(key)} is ${verdict}, and the program sees nothing of it`, async (t) => {
    const subject = await start(t, 'stty -echo; printf "ready\\n"; cat');
    await subject.waitFor('ready');
    await subject.open();
    assert.match(await subject.screen(), /github\/token[^]*curl example\.org/);
    assert.equal(await subject.answer(key), verdict);
    subject.send('line\r');
    await subject.waitFor('line\r\n');
    assert.equal(await subject.screen(), 'ready\nline');
  });
}

void test('one dialog comes after the other', async (t) => {
  const subject = await start(t, 'cat');
  await subject.open();
  subject.ask();
  assert.equal(await subject.answer('o'), 'once');
  await subject.waitFor(READY);
  assert.equal(await subject.answer('s'), 'session');
});

for (const [name, typed] of [
  ['a key', 'o'],
  ['a line', 'echo foo\r'],
  ['a paste', '\u001b[200~o\u001b[201~'],
  ['a mouse report', '\u001b[<0;111;1M\u001b[<0;111;1m'],
] as const) {
  void test(`${name} that comes before the dialog can be read is dropped, and no answer`, async (t) => {
    const subject = await start(t, 'stty -echo; printf "ready\\n"; cat');
    await subject.waitFor('ready');
    subject.ask();
    await subject.waitFor('wait...');
    subject.send(typed);
    await subject.waitFor(READY);
    assert.equal(await subject.answer('s'), 'session');
    subject.send('line\r');
    await subject.waitFor('line\r\n');
    assert.equal(await subject.screen(), 'ready\nline');
  });
}

for (const [name, typed] of [
  ['a word', 'oo'],
  ['a mouse report', '\u001b[<0;111;1M'],
  ['an old mouse report', '\u001b[Mooo'],
  ['a focus event', '\u001b[O'],
  ['a paste', '\u001b[200~o\u001b[201~'],
  ['the answer to a query', '\u001b]11;rgb:0/0/0\u001b\\'],
  ['another key', 'x'],
] as const) {
  void test(`${name} is no answer`, async (t) => {
    const subject = await start(t, 'cat');
    await subject.open();
    subject.send(typed);
    await subject.waitFor('wait...');
    await subject.waitFor(READY);
    assert.equal(await subject.answer('s'), 'session');
  });
}

void test('a paste in pieces is no answer', async (t) => {
  const subject = await start(t, 'cat');
  await subject.open();
  subject.send('\u001b[200~');
  await subject.waitFor('wait...');
  await subject.waitFor(READY);
  subject.send('o');
  await subject.waitFor('wait...');
  await subject.waitFor(READY);
  subject.send('\u001b[201~');
  await subject.waitFor('wait...');
  await subject.waitFor(READY);
  assert.equal(await subject.answer('s'), 'session');
});

void test('somebody else has answered', async (t) => {
  const subject = await start(t, 'printf "ready\\n"; cat');
  await subject.waitFor('ready');
  await subject.open();
  subject.kill('SIGURG');
  await subject.waitFor('verdict=deny');
  subject.send('line\r');
  await subject.waitFor('line\r\nline\r\n');
  assert.equal(await subject.screen(), 'ready\nline\nline');
});

void test('the program ends', async (t) => {
  const subject = await start(t, 'printf "pid $$\\nready\\n"; read line');
  const told = await subject.waitFor('ready');
  await subject.open();
  process.kill(Number(/pid (\d+)/.exec(told)?.[1]), 'SIGKILL');
  assert.deepEqual(await subject.done, { code: 137, signal: 0 });
  assert.match(await subject.screen(), /^pid \d+\nready$/);
  assert.match(subject.output().toString(), /verdict=deny/);
});

void test('the terminal is closed', async (t) => {
  const subject = await start(t, 'cat');
  await subject.open();
  await subject.close();
  const gone = spawn('tail', ['-s', '0.02', '--pid', String(subject.pid), '-f', '/dev/null']);
  await once(gone, 'exit');
});

/** What is set up before, and what is written after, to show what is left of it. */
const SCREENS: readonly (readonly [name: string, before: string, after: string])[] = [
  ['colours', '\\e[1;3;38;5;208;48;2;1;2;3mcoloured', 'still'],
  ['a scroll region', '\\e[3;8r\\e[8;1H', '1\\n2\\n3\\n4\\n5\\n6\\n7\\n'],
  ['origin mode', '\\e[3;8r\\e[?6h\\e[2;5H', 'here\\e[1;1Hthere'],
  ['line drawing', '\\e(0lqqk\\n\\e)0\\e(B\\x0e', 'lqqk\\x0fabc\\x0elqqk'],
  ['insert mode', 'abcdef\\e[4h\\e[3G', 'xyz'],
  ['a position', '\\e[10;20Hhere', 'x'],
  [
    'modes',
    '\\e[?1002h\\e[?1006h\\e[?2004h\\e[?1h\\e=\\e[?1004h\\e[?25l\\e[?7l\\e[>1u',
    '\\e[80Gabc',
  ],
];

for (const [name, before, after] of SCREENS) {
  void test(`a program on the normal screen finds ${name} as it was`, async (t) => {
    const text = 'for n in {1..30}; do echo "line $n"; done; stty -echo;';
    const script = `${text} printf '${before}\\e]2;ready\\a'; read l; printf '${after}\\e]2;end\\a'; read l`;
    const subject = await start(t, script);
    await subject.waitFor('2;ready\u0007');
    const first = await subject.snapshot();
    await subject.open();
    assert.notEqual(await subject.snapshot(), first);
    await subject.answer('o');
    assert.equal(await subject.snapshot(), first);
    subject.send('\r');
    await subject.waitFor('2;end\u0007');

    const other = await start(t, script);
    await other.waitFor('2;ready\u0007');
    other.send('\r');
    await other.waitFor('2;end\u0007');
    assert.equal(await subject.snapshot(), await other.snapshot());
  });
}

void test('a sequence that the program has begun is ended after the dialog', async (t) => {
  const script = `stty -echo; printf 'a\\e]2;ready\\a\\e[1'; read l; printf ';31mred\\e]2;end\\a'; read l`;
  // A title would cut it.
  const subject = await start(t, script, { environment: { TELL_NOTHING: '1' } });
  await subject.waitFor('2;ready\u0007\u001b[1');
  await subject.open();
  subject.send('o');
  await subject.waitFor('\u001b[?25h\u001b[1');
  subject.send('\r');
  await subject.waitFor('2;end\u0007');
  assert.equal(await subject.screen(), 'ared');
  assert.match(await subject.snapshot(), /\{r 16777216:1,0:-1 1000\}/);
});

for (const [program, shown] of [
  ['vim', /^line 1\nline 2/],
  ['less', /^line 1\nline 2/],
] as const) {
  void test(`${program} draws its screen again`, { skip: missing(program) }, async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'vs-dialog-'));
    whenDone(t, () => removeTree(directory));
    const file = path.join(directory, 'text');
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`);
    writeFileSync(file, lines.join(''));
    const command = program === 'vim' ? `vim -u NONE -i NONE ${file}` : `less ${file}`;
    const subject = await start(t, `printf '\\e]2;before\\a'; ${command}; printf 'after'`);
    await subject.waitFor('line 20');
    // Until it waits for keys.
    subject.send(program === 'vim' ? ':echo "re"."ady"\r' : '=');
    await subject.waitFor(program === 'vim' ? 'ready' : 'lines 1-');
    await subject.open();
    assert.doesNotMatch(await subject.screen(), shown);
    await subject.answer('o');
    await subject.waitFor('line 20');
    subject.send(program === 'vim' ? ':echo "ag"."ain"\r' : '=');
    await subject.waitFor(program === 'vim' ? 'again' : 'lines 1-');
    assert.match(await subject.screen(), shown);
    assert.match(await subject.snapshot(), /"alternate"/);
    subject.send(program === 'vim' ? ':q\r' : 'q');
    await subject.waitFor('after');
    await subject.done;
    assert.match(await subject.screen(), /after$/);
  });
}

/** What stands around the first place where two texts differ; undefined if they are the same. */
function firstDifference(actual: string, expected: string): string | undefined {
  if (actual === expected) return undefined;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  return `at ${at}: ${actual.slice(at - 60, at + 120)} instead of ${expected.slice(at - 60, at + 60)}`;
}

void test('what a program in the background writes is held, and not lost', async (t) => {
  const count = 300_000;
  const script = `stty -opost; seq -f '\u001b[32m%.0f €\u001b[0m' ${count}; printf '\\e]2;end\\a'; read l`;
  const subject = await start(t, script);
  await subject.waitFor('100 ');
  await subject.open();
  await subject.answer('o');
  await subject.waitFor('2;end\u0007');
  // No CAN: nothing was cut for it.
  // Bytes: the title that tells the verdict is written by the fixture itself, in the middle of a character, too.
  const output = subject
    .output()
    .toString('latin1')
    .replaceAll('\u001b', '^')
    .replaceAll('\u0007', '~');
  const dialog = /\^7\^\[\?1049h([^]*)\^\[\?1049l\^8\^\[\?2004l\^\[\?25h/;
  const shown = dialog.exec(output);
  assert.ok(shown !== null);
  assert.doesNotMatch(shown[1] ?? '', /[\x80-\xff]|\n/);
  assert.ok(shown.index > 1000 && output.length - shown.index > 1_000_000);
  const bytes = output.replace(dialog, '').replaceAll(/\^\]2;[^~]*~/g, '');
  const rest = Buffer.from(bytes, 'latin1').toString();
  const lines = Array.from({ length: count }, (_, index) => `^[32m${index + 1} €^[0m\n`).join('');
  assert.equal(firstDifference(rest, lines), undefined);
});

void test('another size while it is open', async (t) => {
  const subject = await start(t, 'printf "ready\\n"; cat', {
    environment: { ASK_COMMAND: 'word '.repeat(40) },
  });
  await subject.waitFor('ready');
  await subject.open();
  subject.resize(20, 5);
  await subject.waitFor('deny/once/session?');
  assert.match(
    await subject.screen(),
    /^vault-shell: a prog\nsecret: github\/toke\n.*\n\+\d+ down/,
  );
  subject.send('\u001b[6~');
  await subject.waitFor('deny/once/session?');
  assert.match(await subject.screen(), / down \+[1-9]\d* up\n/);
  subject.resize(90, 30);
  await subject.waitFor(READY);
  assert.match(await subject.screen(), /\nin {8}\/home\/me\/\*\*\*\n/);
  assert.equal(await subject.answer('o'), 'once');
  assert.equal(await subject.screen(), 'ready');
});

void test('the program has the size of the window after a dialog over its alternate screen', async (t) => {
  const script = `sleep 1000 & trap 'stty size' WINCH; printf '\\e[?1049hready'; while :; do wait; done`;
  const subject = await start(t, script);
  await subject.waitFor('ready');
  await subject.open();
  await subject.answer('o');
  await subject.waitFor('23 80');
  await subject.waitFor('24 80');
});

void test('NO_COLOR is honoured', async (t) => {
  const subject = await start(t, 'cat', { environment: { NO_COLOR: '1' } });
  await subject.open();
  assert.doesNotMatch(subject.output().toString(), /\[[1-9]\d*m/);
});

void test('before the program is started a dialog is shown as well', async (t) => {
  const subject = await start(t, 'stty -echo; printf "ready\\n"; cat', {
    environment: { ASK_FIRST: '1' },
  });
  await subject.waitFor(READY);
  assert.match(await subject.screen(), /in {8}\/home\/me\/\*\*\*\n/);
  assert.equal(await subject.answer('s'), 'session');
  await subject.waitFor('ready');
  subject.send('line\r');
  await subject.waitFor('line\r\n');
  assert.equal(await subject.screen(), 'ready\nline');
  await subject.open();
  assert.match(await subject.screen(), /in {8}\/home\/me\/\*\*\*\n/);
  assert.equal(await subject.answer('d'), 'deny');
});
