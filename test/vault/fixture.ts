import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { createVault, type CreateOptions } from '../../src/vault/create.ts';
import { closeVault, openVault, type OpenVault } from '../../src/vault/open.ts';
import { startChildStore, type ChildStore } from '../../src/vault/child-store.ts';
import type { GrantRequest } from '../../src/vault/types.ts';
import { removeTree, whenDone } from '../support/cleanup.ts';

export const KEY: Buffer = Buffer.alloc(32, 0x5a);
export const VALUE = 's3cr3t-value-42';

/** Gives a directory of mode 0700 that goes when the test ends. */
export function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'vault-test-'));
  chmodSync(directory, 0o700);
  whenDone(t, () => removeTree(directory));
  return directory;
}

/** Gives the directory of a new vault. */
export async function makeVault(
  t: TestContext,
  options: Partial<CreateOptions> = {},
): Promise<string> {
  const directory = path.join(makeDirectory(t), 'vault');
  await createVault(directory, { key: KEY, ...options });
  return directory;
}

/** Gives a new vault, open; it is closed when the test ends. */
export async function makeOpenVault(
  t: TestContext,
  options: Partial<CreateOptions> = {},
): Promise<OpenVault> {
  return open(t, await makeVault(t, options));
}

export function open(t: TestContext, directory: string, key = KEY): OpenVault {
  const vault = openVault(directory, key);
  whenDone(t, () => closeVault(vault));
  return vault;
}

/** Gives a child store that has opened the vault; it is closed when the test ends. */
export async function openStore(t: TestContext, directory: string, key = KEY): Promise<ChildStore> {
  const store = startChildStore(directory);
  whenDone(t, () => store.close());
  await store.open(key);
  return store;
}

export function secret(value = VALUE): Secret {
  return new Secret(value);
}

export function request(names: string[], operation = randomBytes(8).toString('hex')): GrantRequest {
  return { operation, names, command: 'curl https://example.com', cwd: '/work' };
}

/** Gives one text per file under a directory that changes with its content, mode or name. */
export function fingerprint(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const file = path.join(directory, name);
      const stats = statSync(file);
      const content = stats.isFile()
        ? createHash('sha256').update(readFileSync(file)).digest('hex')
        : '';
      return `${name} ${stats.mode.toString(8)} ${content}`;
    });
}
