import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { buildHook } from '../support/hook-environment.ts';

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
  // dlsym was in libdl until 2.34: without this it would be found by luck only.
  const dynamic = execFileSync('readelf', ['-d', library], { encoding: 'utf8' });
  assert.match(dynamic, /NEEDED.*\[libdl\.so\.2\]/);
  assert.match(dynamic, /BIND_NOW|NOW/);
});

test('outside of a session the library changes nothing', () => {
  const env = { PATH: process.env['PATH'], LD_PRELOAD: buildHook(), X: '$VAULT<gh>' };
  const script = `sh -c '/bin/echo "$X" "$1"; exit 7' sh '$VAULT<gh>'; echo $?; env -i env`;
  const out = execFileSync('bash', ['-c', script], { env, encoding: 'utf8' });
  assert.equal(out, '$VAULT<gh> $VAULT<gh>\n7\n');
});
