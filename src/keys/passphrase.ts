import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { VaultShellError } from '../base/errors.ts';
import { newSlotBase, NONCE_BYTES, type PassphraseSlot } from './slot.ts';

/** OWASP's floor for scrypt: 128 MiB and about half a second, once per unlock. */
const COST = { n: 2 ** 17, r: 8, p: 1 } as const;
const SALT_BYTES = 32;
const TAG_BYTES = 16;

/**
 * Gives a slot that holds `key` under `passphrase`. The key stays the caller's.
 * `testOnlyInsecureN` lowers the cost of scrypt; nothing but a test may pass it.
 */
export async function wrapKey(
  key: Uint8Array,
  passphrase: string,
  { testOnlyInsecureN = COST.n }: { testOnlyInsecureN?: number } = {},
): Promise<PassphraseSlot> {
  if (passphrase === '') throw new VaultShellError('USAGE', 'the passphrase is empty');
  const nonce = randomBytes(NONCE_BYTES);
  const open = {
    kind: 'passphrase',
    ...newSlotBase(),
    kdf: 'scrypt',
    ...COST,
    n: testOnlyInsecureN,
    salt: randomBytes(SALT_BYTES).toString('base64'),
    nonce: nonce.toString('base64'),
  } as const;
  const wrappingKey = await derive(passphrase, open);
  try {
    const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonce);
    cipher.setAAD(associatedData(open));
    const wrapped = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()]);
    return { ...open, wrapped: wrapped.toString('base64') };
  } finally {
    wrappingKey.fill(0);
  }
}

/** Gives the 32-byte key of a slot, which the caller zeroes; WRONG_KEY when the passphrase is another. */
export async function unwrapKey(slot: PassphraseSlot, passphrase: string): Promise<Buffer> {
  const wrapped = Buffer.from(slot.wrapped, 'base64');
  const wrappingKey = await derive(passphrase, slot);
  try {
    const nonce = Buffer.from(slot.nonce, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', wrappingKey, nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associatedData(slot));
    decipher.setAuthTag(wrapped.subarray(-TAG_BYTES));
    const key = decipher.update(wrapped.subarray(0, -TAG_BYTES));
    decipher.final();
    return key;
  } catch (error) {
    throw new VaultShellError('WRONG_KEY', 'wrong passphrase', { cause: error });
  } finally {
    wrappingKey.fill(0);
  }
}

type Open = Omit<PassphraseSlot, 'wrapped'>;

function derive(passphrase: string, { n, r, p, salt }: Open): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // 128 * N * r is what scrypt needs; exactly that much is refused, so twice is allowed.
    const options = { N: n, r, p, maxmem: 256 * n * r };
    scrypt(passphrase, Buffer.from(salt, 'base64'), 32, options, (error, key) => {
      if (error === null) resolve(key);
      else
        reject(new VaultShellError('INTERNAL', 'scrypt failed in this process', { cause: error }));
    });
  });
}

/** Binds the wrapped key to its slot: a changed id or parameter does not decrypt. */
function associatedData({ id, n, r, p, salt }: Open): Buffer {
  return Buffer.from(
    JSON.stringify(['vault-shell passphrase slot', 1, id, 'scrypt', n, r, p, salt]),
  );
}
