#!/usr/bin/env node
import { exitCodeOf } from '../base/errors.ts';
import { refuseDebugger } from '../base/hardening.ts';
import { printError } from './output.ts';
import { readInvocation } from './shell-arguments.ts';

/*
 * The rooms are imported when they are needed: a session must start fast, and its path has no use for
 * yargs.
 */
async function main(): Promise<number> {
  const invocation = readInvocation(process.argv.slice(2));
  switch (invocation.kind) {
    case 'session': {
      const { runShell } = await import('./session-command.ts');
      return runShell(invocation, process.env);
    }
    case 'run': {
      const { runOne } = await import('./run-command.ts');
      return runOne(invocation, process.env);
    }
    case 'value': {
      const { writeValue } = await import('./value-command.ts');
      return writeValue(invocation.name, process.env);
    }
    case 'command': {
      const { runCommand } = await import('./commands.ts');
      return runCommand(invocation.argv, process.env);
    }
    default:
      return invocation satisfies never;
  }
}

/** True while a command is about to be started: what goes wrong then is 125, not 1. */
function isStarting(): boolean {
  try {
    const { kind } = readInvocation(process.argv.slice(2));
    return kind === 'session' || kind === 'run';
  } catch {
    return false;
  }
}

refuseDebugger();
try {
  process.exit(await main());
} catch (error) {
  printError(error, process.env['VAULT_SHELL_DEBUG'] === '1');
  process.exit(exitCodeOf(error, isStarting()));
}
