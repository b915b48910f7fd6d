import { openVault, withDatabase, WRITE } from '../../src/vault/open.ts';

/** `KEY=HEX lock-keeper.js DIRECTORY`: begins a write to a vault, says so, and never ends it. */
const [, , directory = ''] = process.argv;
const vault = openVault(directory, Buffer.from(process.env['KEY'] ?? '', 'hex'));
await withDatabase(
  vault,
  async () => {
    process.stdout.write('held\n');
    await new Promise((resolve) => setInterval(resolve, 2 ** 31 - 1));
  },
  WRITE,
);
