import path from 'node:path';
import { VaultShellError } from '../../base/errors.ts';
import { removeFromKeychain } from '../../keys/keychain.ts';
import { parseSlots, type Slot } from '../../keys/slot.ts';
import { plainEnvironment } from '../../session/environment.ts';
import { readVaultFile } from '../../vault/files.ts';
import { changeSlots } from '../../vault/open.ts';
import { listSecrets } from '../../vault/secrets.ts';
import { newSlot, SLOT_KINDS } from '../new-slot.ts';
import { withVault } from '../open-vault.ts';
import { printData, printLine, say, table } from '../output.ts';
import { choiceOf, flagOf, textOf, type Arguments, type Command, type Context } from './command.ts';

const ACTIONS = ['list', 'add', 'remove'] as const;

export const keyCommand: Command = {
  usage: 'key <action> [id]',
  describe: 'list, add or remove key slots',
  build: (parser) =>
    parser
      .positional('action', { choices: ACTIONS, demandOption: true })
      .positional('id', { type: 'string', describe: 'slot to remove, as `key list` shows it' })
      .option('key', { choices: SLOT_KINDS, requiresArg: true, describe: 'kind of slot to add' })
      .option('json', { type: 'boolean', describe: 'print JSON' })
      .epilogue('key add --key command -- PROGRAM ARGS...: a program that prints the key'),
  run: async (parsed, context) => {
    const action = choiceOf(parsed, 'action', ACTIONS);
    const id = textOf(parsed, 'id');
    const command = commandOf(parsed);
    if (command.length > 0 && (action !== 'add' || textOf(parsed, 'key') !== 'command')) {
      throw new VaultShellError('USAGE', 'only key add --key command takes a command');
    }
    if ((action === 'remove') !== (id !== undefined)) {
      throw new VaultShellError(
        'USAGE',
        `vault-shell key ${action}${id === undefined ? ' needs the id of a slot' : ' takes no id'}`,
      );
    }
    switch (action) {
      case 'list':
        list(parsed, context);
        return undefined;
      case 'add':
        await add(parsed, command, context);
        return undefined;
      case 'remove':
        await remove(id ?? '', context);
        return undefined;
      default:
        return action satisfies never;
    }
  },
};

/** What follows `--`, word for word; a program named by a path is the same one from every directory. */
function commandOf(parsed: Arguments): string[] {
  const words = parsed['--'];
  const [program, ...rest] = Array.isArray(words) ? words.map(String) : [];
  if (program === undefined) return [];
  return [program.includes('/') ? path.resolve(program) : program, ...rest];
}

function list(parsed: Arguments, { directory }: Context): void {
  const slots = parseSlots(readVaultFile(directory).slots).map(describe);
  if (flagOf(parsed, 'json')) printLine(JSON.stringify(slots, undefined, 2));
  else
    printData(
      table(
        ['ID', 'KIND', 'CREATED'],
        slots.map((slot) => [slot.id, slot.kind, slot.created_at]),
      ),
    );
}

function describe({ id, kind, created_at }: Slot): Pick<Slot, 'id' | 'kind' | 'created_at'> {
  return { id, kind, created_at };
}

async function add(parsed: Arguments, command: readonly string[], context: Context): Promise<void> {
  const kind = choiceOf(parsed, 'key', SLOT_KINDS);
  await withVault(context, async (vault) => {
    await listSecrets(vault); // the key fits, or nothing is changed
    const slot = await newSlot({
      kind,
      vaultId: vault.file.id,
      key: vault.key,
      argv: command,
      environment: context.environment,
    });
    await changeSlots(vault, (slots) => {
      const others = parseSlots(slots);
      // There is one entry in the keychain for a vault, so a second slot would say the same.
      if (kind === 'keychain' && others.some((other) => other.kind === 'keychain')) return slots;
      return [...slots, slot];
    });
    say(`added a ${kind} slot`);
  });
}

async function remove(id: string, context: Context): Promise<void> {
  await withVault(context, async (vault) => {
    let removed: Slot | undefined;
    await changeSlots(vault, (slots) => {
      const all = parseSlots(slots);
      removed = all.find((slot) => slot.id === id);
      if (removed === undefined) {
        throw new VaultShellError('USAGE', `no key slot ${id}`, { hint: 'vault-shell key list' });
      }
      if (all.length === 1) {
        throw new VaultShellError('REFUSED', 'the last key slot cannot be removed', {
          hint: 'add another first: without a slot nobody could open the vault',
        });
      }
      return all.filter((slot) => slot.id !== id);
    });
    if (removed?.kind === 'keychain') {
      const environment = plainEnvironment(context.environment);
      await removeFromKeychain(vault.file.id, { environment });
    }
    say(`removed key slot ${id}`);
  });
}
