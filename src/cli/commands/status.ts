import { showStatus } from '../status-command.ts';
import { flagOf, type Command } from './command.ts';

export const statusCommand: Command = {
  usage: 'status',
  describe: 'in which session this is, and what it granted and masked; exit code 1 outside',
  build: (parser) => parser.option('json', { type: 'boolean', describe: 'print JSON' }),
  run: async (parsed, { environment }) => showStatus(flagOf(parsed, 'json'), environment),
};
