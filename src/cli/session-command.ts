import { VaultShellError } from '../base/errors.ts';
import type { Environment } from '../base/paths.ts';
import { hookReaches } from '../session/hook-reach.ts';
import { chooseShell } from '../session/shell.ts';
import type { ChildStore } from '../vault/child-store.ts';
import { startProgram } from './run-command.ts';
import type { SessionInvocation } from './shell-arguments.ts';
import { ENTRY } from './entry.ts';
import { startSession } from './start.ts';

/** Runs a shell, or the program after `--`, in a session; gives its exit code. */
export async function runShell(
  invocation: SessionInvocation,
  store: ChildStore,
  environment: Environment,
): Promise<number> {
  const { vault, program, calledAs } = invocation;
  if (program !== undefined) {
    return startProgram({ argv: program, secrets: new Map(), vault }, store, environment);
  }
  const file = chooseShell({
    option: invocation.shell,
    calledAs,
    environment,
    cwd: process.cwd(),
    self: ENTRY,
  });
  if (!hookReaches(file)) {
    throw new VaultShellError('HOOK_SILENT', `the hook cannot be loaded into ${file}`, {
      hint: 'name a shell that is dynamically linked and not set-uid with --shell PATH',
    });
  }
  // A login shell is told so by the first byte of its name, which node-pty cannot give it.
  const args = calledAs?.startsWith('-')
    ? ['-l', ...invocation.shellArguments]
    : invocation.shellArguments;
  return startSession({ launch: { file, args }, shell: file, vault, store, environment });
}
