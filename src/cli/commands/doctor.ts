import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { VaultShellError } from '../../base/errors.ts';
import { loadFromKeychain } from '../../keys/keychain.ts';
import { plainEnvironment } from '../../session/environment.ts';
import { frontEnds } from '../../session/front-end.ts';
import { findHook } from '../../session/hook-library.ts';
import { hookReaches } from '../../session/hook-reach.ts';
import { native } from '../../base/native.ts';
import { findProgram } from '../../session/program.ts';
import { openPty } from '../../session/pty.ts';
import { readVaultFile } from '../../vault/files.ts';
import { preflight } from '../../vault/preflight.ts';
import { printData, printLine, table } from '../output.ts';
import { flagOf, type Command, type Context } from './command.ts';

interface Finding {
  readonly check: string;
  /** `warn`: works without it, but the user may want to know. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

/** What a check gives when nothing is wrong, or wrong enough. Anything thrown is a failure. */
type Result = string | { readonly warn: string };

const SHELLS = ['sh', 'bash', 'dash', 'zsh', 'ksh', 'fish'] as const;

/** Programs that start others, of the kinds in docs/launchers.md that may be outside of the hook. */
const LAUNCHERS = (
  'busybox toybox su sudo doas pkexec runuser sg newgrp env xargs find make parallel git ssh tmux screen docker ' +
  'python3 perl ruby node'
).split(' ');

export const doctorCommand: Command = {
  usage: 'doctor',
  describe: 'check this machine: hook, PTY, keychain, file modes, shells, launchers',
  build: (parser) => parser.option('json', { type: 'boolean', describe: 'print JSON' }),
  run: async (parsed, context) => {
    const findings: Finding[] = [];
    for (const [check, run] of Object.entries(checks(context))) {
      findings.push({ check, ...(await examine(run)) });
    }
    if (flagOf(parsed, 'json')) {
      printLine(JSON.stringify(findings, undefined, 2));
    } else {
      const rows = findings.map(({ check, status, detail }) => [check, status, detail]);
      printData(table(['CHECK', 'STATUS', 'DETAIL'], rows));
    }
    return findings.some(({ status }) => status === 'fail') ? 1 : 0;
  },
};

function checks(context: Context): Record<string, () => Result | Promise<Result>> {
  return {
    node: () => `${process.version} on ${process.platform} ${process.arch}`,
    hook: checkHook,
    'front end': checkFrontEnd,
    addon: () => `loaded, process group ${String(native().ownGroup())}`,
    pty: checkPty,
    shells: () => checkShells(context),
    launchers: () => checkLaunchers(context),
    keychain: () => checkKeychain(context),
    vault: () => checkVault(context),
  };
}

async function examine(check: () => Result | Promise<Result>): Promise<Omit<Finding, 'check'>> {
  try {
    const result = await check();
    if (typeof result === 'string') return { status: 'ok', detail: result };
    return { status: 'warn', detail: result.warn };
  } catch (error) {
    const hint = error instanceof VaultShellError && error.hint ? ` (${error.hint})` : '';
    const text = error instanceof Error ? error.message : String(error);
    return { status: 'fail', detail: text + hint };
  }
}

/** The loader only warns about a library that it cannot load: so look whether it did. */
function checkHook(): Result {
  const hook = findHook();
  const { stdout, stderr } = spawnSync('/bin/cat', ['/proc/self/maps'], {
    env: { LD_PRELOAD: hook },
    encoding: 'utf8',
  });
  if (!stdout.includes(hook)) {
    throw new VaultShellError('HOOK_SILENT', stderr.trim() || `${hook} was not loaded`, {
      hint: 'build it again with npm run build',
    });
  }
  return hook;
}

function checkFrontEnd(): Result {
  const names = frontEnds().map((file) => path.basename(file));
  if (names.length > 0) return names.join(' ');
  throw new VaultShellError(
    'HOOK_MISSING',
    'missing: no session can be started inside of another',
    {
      hint: 'build it with npm run build',
    },
  );
}

async function checkPty(): Promise<Result> {
  let output = '';
  const pty = openPty({
    launch: { file: '/bin/sh', args: ['-c', 'test -t 0 && echo terminal'] },
    environment: {},
    cwd: '/',
    size: { columns: 80, rows: 24 },
    onOutput: (chunk) => {
      output += Buffer.from(chunk).toString();
      return undefined;
    },
  });
  await pty.done;
  if (output !== 'terminal\r\n') throw new VaultShellError('TERMINAL', 'the PTY does not work');
  return 'a program in it sees a terminal';
}

function checkShells({ environment }: Context): Result {
  const found: string[] = [];
  const unreachable: string[] = [];
  for (const shell of SHELLS) {
    try {
      const file = findProgram(shell, environment['PATH'], '/');
      (hookReaches(file) ? found : unreachable).push(file);
    } catch {
      // not on this machine
    }
  }
  if (unreachable.length === 0) return found.join(' ');
  return { warn: `${found.join(' ')}; static or set-uid, not usable: ${unreachable.join(' ')}` };
}

/** Not a warning: set-uid ones are on every machine. */
function checkLaunchers({ environment }: Context): Result {
  const outside = LAUNCHERS.flatMap((name) => {
    try {
      const file = findProgram(name, environment['PATH'], '/');
      return hookReaches(file) ? [] : [file];
    } catch {
      return []; // not on this machine
    }
  });
  if (outside.length === 0) return 'none found that the hook does not reach';
  return `static or set-uid, what they start gets placeholders as text: ${outside.join(' ')}`;
}

async function checkKeychain({ environment }: Context): Promise<Result> {
  try {
    await loadFromKeychain('doctor', { environment: plainEnvironment(environment) });
    return 'answers';
  } catch (error) {
    if (!(error instanceof VaultShellError)) throw error;
    if (error.message.includes('gives no key')) return 'answers';
    return { warn: error.message };
  }
}

async function checkVault({ directory }: Context): Promise<Result> {
  try {
    const { cipher, storage, slots } = readVaultFile(directory);
    await preflight(directory, cipher);
    return `${directory}: ${cipher}, ${storage}, ${String(slots.length)} key slots`;
  } catch (error) {
    if (error instanceof VaultShellError && error.code === 'NO_VAULT')
      return { warn: error.message };
    throw error;
  }
}
