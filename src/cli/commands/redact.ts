import { createReadStream } from 'node:fs';
import { systemCode, VaultShellError } from '../../base/errors.ts';
import { NeedleSet } from '../../redact/needles.ts';
import { Redactor } from '../../redact/redactor.ts';
import { openOutlet } from '../../session/outlet.ts';
import { readValues } from '../../vault/secrets.ts';
import { withVault } from '../open-vault.ts';
import { textOf, type Command } from './command.ts';

const READ_BYTES = 64 * 1024;

export const redactCommand: Command = {
  usage: 'redact [file]',
  describe: 'copy a file or stdin to stdout with every value of the vault masked',
  build: (parser) => parser.positional('file', { type: 'string' }),
  run: async (parsed, context) => {
    const file = textOf(parsed, 'file');
    const needles = new NeedleSet();
    for (const { name, value } of await withVault(context, readValues)) {
      needles.add({ name, value: value.reveal() });
    }
    await copy(file, new Redactor({ needles }));
    needles.wipe();
    return undefined;
  },
};

async function copy(file: string | undefined, redactor: Redactor): Promise<void> {
  let gone = false;
  const outlet = openOutlet(1, redactor, () => {
    gone = true;
  });
  const input =
    file === undefined ? process.stdin : createReadStream(file, { highWaterMark: READ_BYTES });
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      await outlet.write(chunk);
      if (gone) break;
    }
  } catch (error) {
    const what = file ?? 'the standard input';
    throw new VaultShellError(
      'VAULT_IO',
      `cannot read ${what}: ${systemCode(error) ?? 'unknown error'}`,
      {
        cause: error,
      },
    );
  } finally {
    await outlet.end();
  }
}
