import { printRc } from '../rc-command.ts';
import { RC_SHELLS } from '../rc-shell.ts';
import { choiceOf, type Command } from './command.ts';

export const rcCommand: Command = {
  usage: 'rc <shell>',
  describe: 'print what a shell loads: completion, and in a session a mark in the prompt',
  build: (parser) =>
    parser
      .positional('shell', { choices: RC_SHELLS, demandOption: true })
      .epilogue(
        '~/.bashrc, ~/.zshrc: eval "$(vault-shell rc bash)"; config.fish: vault-shell rc fish | source',
      ),
  run: async (parsed) => printRc(choiceOf(parsed, 'shell', RC_SHELLS)),
};
