import { writeValue } from '../value-command.ts';
import { requiredText, type Command } from './command.ts';

export const valueCommand: Command = {
  usage: 'value <name>',
  describe: 'in a session: write a value into a pipe, to the program that reads it',
  build: (parser) => parser.positional('name', { type: 'string', demandOption: true }),
  run: async (parsed, context) => writeValue(requiredText(parsed, 'name'), context.environment),
};
