import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VaultShellError } from '../base/errors.ts';

/** Gives the preload library that `npm run build` made. */
export function findHook(): string {
  const extension = process.platform === 'darwin' ? 'dylib' : 'so';
  const hook = fileURLToPath(new URL(`../../shell/libvault-hook.${extension}`, import.meta.url));
  if (!existsSync(hook)) {
    throw new VaultShellError('HOOK_MISSING', `the hook is missing: ${hook}`, {
      hint: 'build it with npm run build',
    });
  }
  return hook;
}
