#!/usr/bin/env node
import path from 'node:path';
import { exitCodeOf } from '../base/errors.ts';
import { refuseDebugger } from '../base/hardening.ts';
import { vaultDirectory } from '../base/paths.ts';
import { nameOfShell } from '../session/shell.ts';
import type { VaultProcess } from '../vault/child-process.ts';
import type { ChildStore } from '../vault/child-store.ts';
import { leaveToFrontEnd } from './front-end-handover.ts';
import { printError } from './output.ts';
import { readInvocation, type Invocation } from './shell-arguments.ts';

/** Set by the front end (shell/front), which knows; a `#!` script is told its own path only. */
const TOLD = process.env['VAULT_SHELL_CALLED_AS'];
/** The vault's process, which the front end has started meanwhile. */
const STARTED = process.env['VAULT_SHELL_STORE'];
/** The user's NODE_EXTRA_CA_CERTS: Node would have read them all. */
const CERTIFICATES = process.env['VAULT_SHELL_CA_CERTS'];
const calledAs = TOLD ?? path.basename(process.argv[1] ?? '');
const words = process.argv.slice(2);

/*
 * The rooms are imported when they are needed: a session must start fast, and its path has no use for
 * yargs.
 */
async function main(): Promise<number> {
  if (CERTIFICATES !== undefined) process.env['NODE_EXTRA_CA_CERTS'] = CERTIFICATES;
  const invocation = readWords();
  // The front end would not have called us for what it does itself.
  if (TOLD === undefined) leaveToFrontEnd(invocation, calledAs, words, process.env);
  switch (invocation.kind) {
    case 'session': {
      return withStore(invocation.vault, async (store) => {
        const { runShell } = await import('./session-command.ts');
        return runShell(invocation, store, process.env);
      });
    }
    case 'run': {
      return withStore(invocation.vault, async (store) => {
        const { startProgram } = await import('./run-command.ts');
        return startProgram(invocation, store, process.env);
      });
    }
    case 'value': {
      const { writeValue } = await import('./value-command.ts');
      return writeValue(invocation.name, process.env);
    }
    case 'rc': {
      const { shell, question } = invocation;
      const { answerCompletion, printRc } = await import('./rc-command.ts');
      return shell === undefined ? answerCompletion(question, process.env) : printRc(shell);
    }
    case 'status': {
      const { showStatus } = await import('./status-command.ts');
      return showStatus(invocation.json, process.env);
    }
    case 'command': {
      const { runCommand } = await import('./commands.ts');
      return runCommand(invocation.argv, process.env);
    }
    default:
      return invocation satisfies never;
  }
}

/** The vault's process first: it takes as long to start as everything else here, and does it meanwhile. */
async function withStore(
  vault: string | undefined,
  use: (store: ChildStore) => Promise<number>,
): Promise<number> {
  const { startChildStore } = await import('../vault/child-store.ts');
  const store = startChildStore(vaultDirectory(vault, process.env), await startedProcess());
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function startedProcess(): Promise<VaultProcess | undefined> {
  if (STARTED === undefined) return undefined;
  const { adoptProcess } = await import('../vault/child-adoption.ts');
  return adoptProcess(STARTED);
}

/** Under the name of a shell every word is the shell's. */
function readWords(): Invocation {
  const isShell = nameOfShell(calledAs) !== undefined;
  const invocation = readInvocation(isShell ? [] : words);
  if (invocation.kind !== 'session') return invocation;
  return { ...invocation, calledAs, ...(isShell ? { shellArguments: words } : {}) };
}

/** True while a command is about to be started: what goes wrong then is 125, not 1. */
function isStarting(): boolean {
  try {
    const { kind } = readWords();
    return kind === 'session' || kind === 'run';
  } catch {
    return false;
  }
}

refuseDebugger();
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    printError(error, process.env['VAULT_SHELL_DEBUG'] === '1');
    process.exit(exitCodeOf(error, isStarting()));
  },
);
