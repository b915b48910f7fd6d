import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installIn, MAIN, type TestVault } from '../support/cli.ts';
import { openTestTerminal, type TestTerminal } from '../support/terminal.ts';

/** A shell that `rc` has a file for, and how a user has it loaded. */
export interface RcShell {
  readonly name: 'bash' | 'zsh' | 'fish';
  /** Below the HOME. */
  readonly file: string;
  readonly load: string;
  /** Before it is loaded, and after. */
  readonly before: string;
  readonly after: string;
}

export const SHELLS: readonly RcShell[] = [
  {
    name: 'bash',
    file: '.bashrc',
    load: 'eval "$(vault-shell rc bash)"',
    before: 'PS1="ready> "; HISTCONTROL=ignoreboth; own() { :; }; complete -W "ours" own',
    after: '',
  },
  {
    name: 'zsh',
    file: '.zshrc',
    load: 'eval "$(vault-shell rc zsh)"',
    before: 'setopt interactivecomments; PROMPT="ready> "; own() { : }',
    after: 'autoload -Uz compinit; compinit -u -D; _own() { compadd ours }; compdef _own own',
  },
  {
    name: 'fish',
    file: '.config/fish/config.fish',
    load: 'vault-shell rc fish | source',
    before: `function fish_prompt; echo -n "ready> "; end
set -g fish_greeting; set -g fish_autosuggestion_enabled 0
function own; end; complete -c own -f -a ours`,
    after: '',
  },
];

export interface RcTerminal extends TestTerminal {
  /** Waits until the screen is as wanted, and gives it. */
  until(isWanted: (screen: string) => boolean): Promise<string>;
  /** Types a line and gives what is on the screen between it and the next prompt. */
  enter(line: string): Promise<string>;
  /** Types the beginning of a line and presses Tab, waits until the line is `wanted`, and takes it back. */
  complete(typed: string, wanted: string): Promise<void>;
}

export interface RcOptions {
  /** Not in a session. */
  readonly outside?: boolean;
  /** Lines of the file ahead of ours, and after it. */
  readonly before?: string;
  readonly after?: string;
}

/** Starts the shell, with a file that loads ours twice, and waits for its prompt. */
export async function openRcShell(
  vault: TestVault,
  shell: RcShell,
  { outside = false, before = '', after = '' }: RcOptions = {},
): Promise<RcTerminal> {
  const rc = path.join(vault.home, shell.file);
  mkdirSync(path.dirname(rc), { recursive: true });
  const lines = [shell.before, before, shell.load, shell.after, after, shell.load];
  writeFileSync(rc, `${lines.join('\n')}\n`);
  const program = `/usr/bin/${shell.name}`;
  const terminal = openTestTerminal({
    file: outside ? program : process.execPath,
    args: outside ? [] : [MAIN, '--shell', program],
    environment: { ...vault.environment, PATH: installIn(vault) },
    cwd: vault.home,
    columns: 150,
    rows: 40,
  });
  const prompt = outside ? 'ready>' : '(vault) ready>';

  async function until(isWanted: (screen: string) => boolean): Promise<string> {
    for (;;) {
      const screen = await terminal.screen();
      if (isWanted(screen)) return screen;
      await terminal.waitFor(/[^]+/);
    }
  }
  /** Ctrl-E, Ctrl-U, Ctrl-L: there is nothing on the screen but the prompt. */
  async function clear(): Promise<void> {
    terminal.send('\x05\x15\f');
    await until((screen) => screen.trim() === prompt);
  }

  try {
    await until((screen) => screen.trim() === prompt);
  } catch (error) {
    await terminal.close();
    throw error;
  }
  return {
    ...terminal,
    until,
    async enter(line) {
      await clear();
      terminal.send(`${line}\r`);
      const screen = await until((seen) => seen.trim().endsWith(`\n${prompt}`));
      return screen.trim().split('\n').slice(1, -1).join('\n').trim();
    },
    async complete(typed, wanted) {
      await clear();
      terminal.send(`${typed}\t`);
      await until((screen) =>
        screen.split('\n').some((line) => line.trimEnd() === `${prompt} ${wanted}`),
      );
      await clear();
    },
  };
}
