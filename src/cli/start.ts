import { isatty } from 'node:tty';
import { vaultDirectory, type Environment } from '../base/paths.ts';
import { frontEndFor, frontEnds, isFrontEnd } from '../session/front-end.ts';
import { findHook } from '../session/hook-library.ts';
import { findProgram, isSameFile, type Launch } from '../session/program.ts';
import { runSession, type SessionOptions } from '../session/session.ts';
import { startChildStore, type ChildStore } from '../vault/child-store.ts';
import { readVaultFile, type VaultFile } from '../vault/files.ts';
import { readApprovalSettings } from './approval-settings.ts';
import { ENTRY } from './entry.ts';
import { keepHeadInKeychain } from './keychain-head.ts';
import { say } from './output.ts';
import { popupIn } from './tmux-popup.ts';
import { unlock } from './unlock.ts';

export interface Start {
  readonly launch: Launch;
  /** The shell that is started, where it is one. */
  readonly shell?: string | undefined;
  readonly vault: string | undefined;
  readonly environment: Environment;
  readonly prepare?: SessionOptions['prepare'];
}

/** Unlocks the vault and runs a program in a session on our standard streams; gives its exit code. */
export async function startSession(start: Start): Promise<number> {
  const { environment } = start;
  const settings = readApprovalSettings(environment);
  const hook = findHook();
  const directory = vaultDirectory(start.vault, environment);
  const file = readVaultFile(directory);
  // Only with both: `vault-shell -c cmd | less` must not get a terminal's line ends and colours.
  const terminal = isatty(0) && isatty(1);
  const popup = popupIn(environment, [process.execPath, ENTRY, '--vault', directory]);
  const store = await openStore(directory, file, environment);
  try {
    return await runSession({
      launch: start.launch,
      vault: directory,
      environment,
      cwd: process.cwd(),
      terminal,
      store,
      hook,
      commands: isInPath(environment['PATH']) ? undefined : frontEnds(),
      shell: frontEndFor(start.shell ?? '') ?? frontEndFor(environment['SHELL'] ?? ''),
      approval: { ...settings, askHuman: terminal ? undefined : popup },
      prepare: start.prepare,
    });
  } finally {
    await keepHeadInKeychain(store, directory, file, environment);
    await store.close();
  }
}

async function openStore(
  directory: string,
  file: VaultFile,
  environment: Environment,
): Promise<ChildStore> {
  const key = await unlock(file, environment);
  try {
    const store = await startChildStore({ directory, key });
    await warnOfOlderCopy(store);
    return store;
  } finally {
    key.fill(0);
  }
}

async function warnOfOlderCopy(store: ChildStore): Promise<void> {
  try {
    const trouble = await store.checkHead();
    if (trouble === undefined) return;
    say(`warning: ${trouble}`);
    say('hint: vault-shell audit verify');
  } catch (error) {
    await store.close();
    throw error;
  }
}

function isInPath(searchPath: string | undefined): boolean {
  try {
    const found = findProgram('vault-shell', searchPath, '/');
    return isSameFile(found, ENTRY) || isFrontEnd(found);
  } catch {
    return false;
  }
}
