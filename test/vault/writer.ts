import { pathToFileURL } from 'node:url';
import { grant } from '../../src/vault/audit.ts';
import { Secret } from '../../src/base/secret.ts';
import { closeVault, openVault, withDatabase, WRITE } from '../../src/vault/open.ts';
import { setSecret } from '../../src/vault/secrets.ts';
import { KEY } from './fixture.ts';

/**
 * A process that writes to a vault: `writer DIRECTORY COUNT [kill]`. Each round sets a secret of its own
 * and grants it, then prints the operation id: what is printed must never be lost. With COUNT 0 it goes
 * on for ever; with `kill` it ends by killing itself right after a commit, before the checkpoint.
 */
async function main([directory = '', count = '0', end = '']: readonly string[]): Promise<void> {
  const rounds = Number(count) === 0 ? Infinity : Number(count);
  // As a session does.
  const vault = openVault(directory, KEY, { lingers: rounds === Infinity });
  for (let round = 0; round < rounds; round += 1) {
    const operation = `${process.pid}-${round}`;
    const name = `of_${process.pid}`;
    await setSecret(vault, name, new Secret(`value-${operation}-${'x'.repeat(200)}`));
    const request = { operation, names: [name], command: 'writer', cwd: '/' };
    const result = await grant(vault, request);
    if (result.kind !== 'granted') throw new Error('the secret is gone');
    process.stdout.write(`${operation}\n`);
  }
  if (end === 'kill') {
    await withDatabase(
      vault,
      async (database) => {
        await database.exec("UPDATE secrets SET description = 'late'; COMMIT");
        process.kill(process.pid, 'SIGKILL');
      },
      WRITE,
    );
  }
  await closeVault(vault);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(process.argv.slice(2));
}
