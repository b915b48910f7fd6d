import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { buildHook } from '../support/hook-environment.ts';
import { removeTree } from '../support/cleanup.ts';

const WRAPPED = [
  'close_range closefrom execl execle execlp execv execve execveat execvp execvpe fexecve',
  'posix_spawn posix_spawnp system vfork wait wait3 wait4 waitid waitpid',
].flatMap((line) => line.split(' '));

test('the library exports what it wraps and nothing else', () => {
  const listing = execFileSync('nm', ['-D', '--defined-only', buildHook()], { encoding: 'utf8' });
  const exported = [...listing.matchAll(/ [A-Z] (\S+)$/gm)].map(([, name]) => name);
  assert.deepEqual(exported, WRAPPED);
});

test('the library loads on glibc 2.17', () => {
  const library = buildHook();
  const symbols = execFileSync('objdump', ['-T', library], { encoding: 'utf8' });
  const minors = [...symbols.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  assert.ok(minors.length > 0);
  assert.ok(Math.max(...minors) <= 17, `needs GLIBC_2.${Math.max(...minors)}`);
});

test('what the loader fills in is bound as the library is loaded, and read-only then', () => {
  const dynamic = execFileSync('readelf', ['-d', buildHook()], { encoding: 'utf8' });
  assert.match(dynamic, /BIND_NOW|NOW/);
  const segments = execFileSync('readelf', ['-lW', buildHook()], { encoding: 'utf8' });
  assert.match(segments, /GNU_RELRO/);
});

test('each program that is started maps two segments of the library, and no more', () => {
  const segments = execFileSync('readelf', ['-lW', buildHook()], { encoding: 'utf8' });
  assert.equal(segments.match(/^ +LOAD /gm)?.length, 2, segments);
});

test('the library brings no other library into every program', () => {
  const dynamic = execFileSync('readelf', ['-d', buildHook()], { encoding: 'utf8' });
  assert.deepEqual(
    [...dynamic.matchAll(/NEEDED.*\[(.*)\]/g)].map(([, name]) => name),
    ['libc.so.6'],
  );
});

test('a library of the user that wraps the same functions is called on the way', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'vault-shell-test-'));
  try {
    const source = path.join(directory, 'wrap.c');
    const library = path.join(directory, 'wrap.so');
    writeFileSync(source, WRAPPER);
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
    const env = { PATH: process.env['PATH'], LD_PRELOAD: `${buildHook()}:${library}` };
    const out = execFileSync('dash', ['-c', '/bin/echo run; :'], { env, encoding: 'utf8' });
    assert.equal(out, 'wrapped\nrun\n');
  } finally {
    removeTree(directory);
  }
});

const WRAPPER = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int execve(const char *path, char *const argv[], char *const envp[]) {
  int (*real)(const char *, char *const *, char *const *);
  *(void **)&real = dlsym(RTLD_NEXT, "execve");
  if (write(1, "wrapped\\n", 8) != 8) return -1;
  return real(path, argv, envp);
}
`;

const OUTSIDE: readonly Record<string, string>[] = [
  {},
  { VAULT_SHELL_SOCKET: '/nowhere/broker', VAULT_SHELL_SESSION: '' },
  { VAULT_SHELL_SOCKET: '', VAULT_SHELL_SESSION: '1-a' },
];

test('outside of a session the library changes nothing', () => {
  for (const blank of OUTSIDE) changesNothing(blank);
});

function changesNothing(more: Record<string, string>): void {
  const env = { PATH: process.env['PATH'], LD_PRELOAD: buildHook(), X: '$VAULT<gh>', ...more };
  const script = `sh -c '/bin/echo "$X" "$1"; exit 7' sh '$VAULT<gh>'; echo $?; env -i env`;
  const out = execFileSync('bash', ['-c', script], { env, encoding: 'utf8' });
  assert.equal(out, '$VAULT<gh> $VAULT<gh>\n7\n');
}
