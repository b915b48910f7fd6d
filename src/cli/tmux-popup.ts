import { spawn } from 'node:child_process';
import type { Environment } from '../base/paths.ts';
import { quoteArgv } from '../base/quote.ts';
import type { AskHuman } from '../broker/approval.ts';
import { plainEnvironment } from '../session/environment.ts';

/**
 * Shows a request in a popup over the tmux client that this session was started under: `vault-shell
 * approve` runs there, and answers through the vault as from any other terminal. Undefined outside tmux. A
 * tmux before 3.2 has no popups, and one without a client nowhere to show them: then others may answer.
 */
export function popupIn(
  environment: Environment,
  command: readonly string[],
): AskHuman | undefined {
  if ((environment['TMUX'] ?? '') === '') return undefined;
  const tmux = (args: readonly string[]): ReturnType<typeof spawn> => {
    const child = spawn('tmux', args, { env: plainEnvironment(environment), stdio: 'ignore' });
    child.on('error', () => undefined);
    return child;
  };
  return async ({ id }, signal) => {
    const approve = quoteArgv([...command, 'approve', id]);
    const popup = tmux(['display-popup', '-w', '90%', '-h', '80%', '-E', approve]);
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    // Ours is there still: somebody else has answered, or nobody.
    if (popup.exitCode === null) tmux(['display-popup', '-C']);
    return 'deny';
  };
}
