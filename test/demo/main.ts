import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeVault, MAIN, randomValue, type TestVault } from '../support/cli.ts';
import { filesUnder } from '../support/files.ts';
import { openTestTerminal } from '../support/terminal.ts';
import { startApi, type Api } from './api.ts';

/*
 * `npm run demo`: the whole system at work in a throw-away vault, as a person sees it, and then checked.
 * The exit status says whether every check held.
 */

const SCREEN = { columns: 100, rows: 60 } as const;
const PROMPT = 'demo$ ';
const token = randomValue();

/** Ways to print the token that nobody thinks of as printing it. */
const ENCODED = ['base64', 'hex'] as const;

const vault = await makeVault();
const api = await startApi(token);
let failed = 0;
try {
  heading('A vault with one secret');
  await vault.set('demo_token', token);
  console.log(await vault.ok(['list']));

  heading('A session in a terminal');
  const output = await playSession(vault, api);

  heading('The audit log, newest first');
  console.log(await vault.ok(['audit']));

  heading('Checks');
  await checkAll(vault, api, output);
} finally {
  await api.close();
  vault.remove();
}
console.log(failed === 0 ? '\nall checks hold' : `\n${String(failed)} checks failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Types commands as a person would, shows the screen, and gives every byte that the terminal got. */
async function playSession(place: TestVault, { url }: Api): Promise<Buffer> {
  // bash's system-wide start file sets a prompt of its own; others take it from the environment.
  writeFileSync(path.join(place.home, '.bashrc'), `PS1='${PROMPT}'\n`);
  const terminal = openTestTerminal({
    file: process.execPath,
    args: [MAIN, '--shell', shellForDemo()],
    environment: {
      ...place.environment,
      PS1: PROMPT,
      ENV: '',
      HISTFILE: path.join(place.home, '.history'),
    },
    cwd: place.home,
    ...SCREEN,
  });
  try {
    await terminal.waitFor(PROMPT);
    for (const command of commands(url)) {
      terminal.send(`${command}\r`);
      // First the echo of the line, then the prompt after its output.
      await terminal.waitFor('\n');
      await terminal.waitFor(PROMPT);
    }
    const screen = await terminal.screen();
    console.log(boxed(screen));
    terminal.send('exit\r');
    await terminal.done;
    return terminal.output();
  } finally {
    await terminal.close();
  }
}

function commands(url: string): string[] {
  const request = hasCurl()
    ? `curl -sv -H "Authorization: Bearer $VAULT<demo_token>" ${url} 2>&1 | grep -i -e auth -e HTTP/`
    : `python3 -c 'import sys,urllib.request as u; print(u.urlopen(u.Request(sys.argv[1], headers={"Authorization": sys.argv[2]})).read().decode())' ${url} "Bearer $VAULT<demo_token>"`;
  return [
    request,
    'TOKEN="$VAULT<demo_token>" printenv TOKEN',
    'TOKEN="$VAULT<demo_token>" printenv TOKEN | base64',
    'TOKEN="$VAULT<demo_token>" printenv TOKEN | od -An -tx1',
    'python3 -c \'import sys; print(len(sys.argv[1]), "\\33[31m".join(sys.argv[1]))\' "$VAULT<demo_token>"',
    'touch made-by-nobody "$VAULT<no_such_secret>"; echo "exit code $?"',
    'echo "the shell itself has only: $VAULT<demo_token>"',
  ];
}

async function checkAll(place: TestVault, { seen }: Api, output: Buffer): Promise<void> {
  check('the API got the true token', seen.length === 1 && seen[0] === `Bearer ${token}`);
  // oxlint-disable-next-line no-control-regex -- the colours are what hides the token
  const shown = output.toString('latin1').replaceAll(/\x1b\[[0-9;]*m|[\r\n ]/g, '');
  check('the screen never had the token', !shown.includes(token));
  for (const encoding of ENCODED) {
    const text = Buffer.from(token).toString(encoding);
    check(`nor as ${encoding}`, !shown.toLowerCase().includes(text.slice(4, -4).toLowerCase()));
  }
  check('a program that prints its length saw all of it', shown.includes(String(token.length)));
  check('the unknown name was denied', shown.includes('exitcode126'));
  check('and nothing ran', !existsSync(path.join(place.home, 'made-by-nobody')));
  const rows = await place.audit();
  const granted = rows.filter((row) => row.outcome === 'ran');
  const denied = rows.filter((row) => row.outcome === 'denied');
  check(
    'every grant has its row',
    granted.length === 5 && granted.every((row) => row.secrets.join() === 'demo_token'),
  );
  check(
    'with its exit code',
    granted.every((row) => row.exit_code === 0),
  );
  check(
    'the denial has its row',
    denied.length === 1 && denied[0]?.secrets.join() === 'no_such_secret',
  );
  check('no row holds the token', !JSON.stringify(rows).includes(token));
  check(
    'no file holds the token',
    filesUnder(place.home).every((file) => !readFileSync(file).includes(token)),
  );
}

function check(what: string, holds: boolean): void {
  console.log(`  ${holds ? 'ok    ' : 'FAILED'} ${what}`);
  if (!holds) failed += 1;
}

function heading(text: string): void {
  console.log(`\n== ${text}\n`);
}

function boxed(screen: string): string {
  const lines = screen.trimEnd().split('\n');
  const bar = '-'.repeat(SCREEN.columns);
  return [`+${bar}+`, ...lines.map((line) => `|${line.padEnd(SCREEN.columns)}|`), `+${bar}+`].join(
    '\n',
  );
}

function shellForDemo(): string {
  return existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh';
}

function hasCurl(): boolean {
  return spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0;
}
