import { VaultShellError } from '../base/errors.ts';

/** Length of a vault's database key, in bytes. */
export const KEY_BYTES = 32;

const HEX_KEY = /^[0-9a-fA-F]{64}$/;

/** Gives the key written as exactly 64 hex digits; anything else is WRONG_KEY. The caller zeroes it. */
export function parseHexkey(text: string): Buffer {
  if (!HEX_KEY.test(text)) {
    throw new VaultShellError('WRONG_KEY', 'the key is not 64 hex digits', {
      hint: 'a key can be made with: openssl rand -hex 32',
    });
  }
  return Buffer.from(text, 'hex');
}
