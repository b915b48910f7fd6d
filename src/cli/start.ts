import { setImmediate as nextTurn } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { vaultDirectory, type Environment } from '../base/paths.ts';
import { frontEndFor, frontEnds, isFrontEnd } from '../session/front-end.ts';
import { findHook } from '../session/hook-library.ts';
import { findProgram, isSameFile, type Launch } from '../session/program.ts';
import { runSession, type SessionOptions } from '../session/session.ts';
import type { ChildStore } from '../vault/child-store.ts';
import { readVaultFile } from '../vault/files.ts';
import type { NamedValue } from '../vault/types.ts';
import { readApprovalSettings } from './approval-settings.ts';
import { ENTRY } from './entry.ts';
import { isInsideSession } from './inside-session.ts';
import { keepHeadInKeychain } from './keychain-head.ts';
import { say } from './output.ts';
import { popupIn } from './tmux-popup.ts';
import { unlock } from './unlock.ts';

export interface Start {
  readonly launch: Launch;
  /** The shell that is started, where it is one. */
  readonly shell?: string | undefined;
  readonly vault: string | undefined;
  /** Of that vault; not opened yet. It stays the caller's. */
  readonly store: ChildStore;
  readonly environment: Environment;
  readonly prepare?: SessionOptions['prepare'];
}

/** Unlocks the vault and runs a program in a session on our standard streams; gives its exit code. */
export async function startSession(start: Start): Promise<number> {
  const { environment, store } = start;
  const isInside = isInsideSession(environment);
  const settings = readApprovalSettings(environment, isInside);
  const hook = findHook();
  const directory = vaultDirectory(start.vault, environment);
  const file = readVaultFile(directory);
  // Only with both: `vault-shell -c cmd | less` must not get a terminal's line ends and colours.
  const terminal = isatty(0) && isatty(1);
  // Inside a session it may be one that a program made, to answer there itself.
  const dialog = terminal && !isInside;
  const popup = popupIn(environment, [process.execPath, ENTRY, '--vault', directory]);
  const values = openStore(store, await unlock(file, environment));
  // Whoever awaits it hears of it too, if nothing goes wrong before.
  values.catch(() => undefined);
  // The vault's process may be waiting for the key: it reads the file while we go on.
  await nextTurn();
  try {
    return await runSession({
      launch: start.launch,
      vault: directory,
      environment,
      cwd: process.cwd(),
      terminal,
      store,
      values,
      hook,
      commands: isInPath(environment['PATH']) ? undefined : frontEnds(),
      shell: frontEndFor(start.shell ?? '') ?? frontEndFor(environment['SHELL'] ?? ''),
      dialog,
      approval: { ...settings, askHuman: dialog ? undefined : popup },
      prepare: start.prepare,
    });
  } finally {
    await keepHeadInKeychain(store, directory, file, environment);
  }
}

/** Gives all values, once the user was told of a log that is not whole. Zeroes the key. */
async function openStore(store: ChildStore, key: Buffer): Promise<readonly NamedValue[]> {
  const opening = store.open(key);
  key.fill(0);
  const { values, trouble } = await opening;
  if (trouble !== undefined) {
    say(`warning: ${trouble}`);
    say('hint: vault-shell audit verify');
  }
  return values;
}

function isInPath(searchPath: string | undefined): boolean {
  try {
    const found = findProgram('vault-shell', searchPath, '/');
    return isSameFile(found, ENTRY) || isFrontEnd(found);
  } catch {
    return false;
  }
}
