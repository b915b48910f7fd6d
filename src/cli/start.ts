import { fileURLToPath } from 'node:url';
import { isatty } from 'node:tty';
import { vaultDirectory, type Environment } from '../base/paths.ts';
import { findHook } from '../session/hook-library.ts';
import { findProgram, isSameFile, type Launch } from '../session/program.ts';
import { runSession, type SessionOptions } from '../session/session.ts';
import { startChildStore, type ChildStore } from '../vault/child-store.ts';
import { readVaultFile } from '../vault/files.ts';
import { unlock } from './unlock.ts';

/** The file that runs as `vault-shell`. */
export const ENTRY = fileURLToPath(new URL('main.js', import.meta.url));

export interface Start {
  readonly launch: Launch;
  readonly vault: string | undefined;
  readonly environment: Environment;
  readonly prepare?: SessionOptions['prepare'];
}

/** Unlocks the vault and runs a program in a session on our standard streams; gives its exit code. */
export async function startSession(start: Start): Promise<number> {
  const { environment } = start;
  const hook = findHook();
  const store = await openStore(vaultDirectory(start.vault, environment), environment);
  try {
    return await runSession({
      launch: start.launch,
      environment,
      cwd: process.cwd(),
      // Only with both: `vault-shell -c cmd | less` must not get a terminal's line ends and colours.
      terminal: isatty(0) && isatty(1),
      store,
      hook,
      entry: isInPath(environment['PATH']) ? undefined : ENTRY,
      prepare: start.prepare,
    });
  } finally {
    await store.close();
  }
}

async function openStore(directory: string, environment: Environment): Promise<ChildStore> {
  const file = readVaultFile(directory);
  const key = await unlock(file, environment);
  try {
    return await startChildStore({ directory, key });
  } finally {
    key.fill(0);
  }
}

function isInPath(searchPath: string | undefined): boolean {
  try {
    return isSameFile(findProgram('vault-shell', searchPath, '/'), ENTRY);
  } catch {
    return false;
  }
}
