import { spawn } from 'node:child_process';
import { VaultShellError } from '../base/errors.ts';
import type { Gate } from './gate.ts';

/** Any program that the loader starts will do, and this one is on every machine. */
const PROBE = '/bin/sh';

/**
 * Proves, before anything of the user's runs, that the hook can be loaded here and reaches the broker.
 * Throws HOOK_SILENT.
 */
export async function probeHook(
  environment: Readonly<Record<string, string>>,
  gate: Pick<Gate, 'heard'>,
): Promise<void> {
  const child = spawn(PROBE, ['-c', ':'], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0 && child.pid !== undefined && gate.heard(child.pid)) return;
  const [line = ''] = complaint.split('\n');
  throw new VaultShellError('HOOK_SILENT', `the hook cannot be loaded${line && `: ${line}`}`, {
    hint: 'build it again with npm run build; vault-shell doctor tells more',
  });
}
