import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { agentOfProcess, agentOfVariables } from '../../src/broker/agents.ts';
import { describeProcess, programPath } from '../../src/broker/process-tree.ts';
import { findProgram } from '../support/programs.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

const onLinux = { skip: process.platform === 'linux' ? false : 'only Linux has /proc' };
const SH = realpathSync(findProgram('sh') ?? '/bin/sh');
const CAT = realpathSync(findProgram('cat') ?? '/bin/cat');

/** Starts a program that prints a pid and waits for the end of its input, which comes with the test's end. */
async function start(
  t: TestContext,
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; printed: number }> {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...env },
  });
  whenDone(t, async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  const [line]: string[] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, printed: Number(line) };
}

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'vs-tree-'));
  whenDone(t, () => removeTree(directory));
  return directory;
}

test('a process is told with its parents, nearest first, up to the session', onLinux, async (t) => {
  const inner = 'sh -c "echo \\$\\$; cat; :"; :';
  const { child, printed } = await start(t, 'sh', ['-c', `sh -c '${inner}'; :`]);
  const asker = describeProcess(printed, process.pid);
  assert.equal(asker.program, SH);
  assert.deepEqual(
    asker.parents.map(({ program }) => program),
    [SH, SH],
  );
  assert.equal(asker.parents.at(-1)?.pid, child.pid);
  const further = describeProcess(printed, 0).parents;
  assert.deepEqual(further.slice(0, 2), asker.parents);
  assert.equal(further[2]?.pid, process.pid, 'without a session among them it goes on');
});

test('an agent is known by its name, its script or its variables', onLinux, async (t) => {
  const directory = makeDirectory(t);
  const codex = path.join(directory, 'codex');
  copyFileSync(SH, codex);
  const named = await start(t, codex, ['-c', 'sh -c "echo \\$\\$; cat; :"; :']);
  assert.equal(describeProcess(named.printed, process.pid).agent, 'codex');

  const script = path.join(directory, 'gemini');
  writeFileSync(script, 'console.log(process.pid); process.stdin.resume();');
  const scripted = await start(t, process.execPath, ['--no-warnings', script]);
  assert.equal(describeProcess(scripted.printed, process.pid).agent, 'gemini');

  const marked = await start(t, 'sh', ['-c', 'echo $$; cat; :'], { CLAUDECODE: '1' });
  assert.equal(describeProcess(marked.printed, process.pid).agent, 'claude');
});

test('of the own process the given environment counts', onLinux, () => {
  const { pid, program } = describeProcess(process.pid, 0, {});
  assert.deepEqual([pid, program], [process.pid, realpathSync(process.execPath)]);
});

test('of a process that is gone nothing is told', async (t) => {
  const { child } = await start(t, 'sh', ['-c', 'echo 0']);
  if (child.exitCode === null) await once(child, 'exit');
  const pid = child.pid ?? 0;
  assert.deepEqual(describeProcess(pid, process.pid), {
    pid,
    program: '',
    parents: [],
    agent: undefined,
  });
});

test('what is to run is told by its real path', (t) => {
  const directory = realpathSync(makeDirectory(t));
  symlinkSync(CAT, path.join(directory, 'link'));
  assert.equal(programPath('./link', directory, process.pid), CAT);
  assert.equal(programPath('gone', directory, process.pid), path.join(directory, 'gone'));
});

test('agents are not seen where there are none', () => {
  const looks = { program: '/usr/bin/node', name: 'node', argv: ['node', '/x/server.js'] };
  assert.equal(agentOfProcess(looks), undefined);
  assert.equal(agentOfProcess({ ...looks, name: 'claude' }), 'claude');
  const argv = ['node', '/lib/node_modules/@anthropic-ai/claude-code/cli.js'];
  assert.equal(agentOfProcess({ ...looks, argv }), 'claude');
  // A program that is merely told about one.
  const grep = { program: '/usr/bin/grep', name: 'grep', argv: ['grep', 'claude'] };
  assert.equal(agentOfProcess(grep), undefined);
  assert.equal(agentOfProcess({ ...grep, name: 'constructor' }), undefined);
  assert.equal(
    agentOfVariables((name) => name === 'GEMINI_CLI'),
    'gemini',
  );
  assert.equal(
    agentOfVariables(() => false),
    undefined,
  );
});
