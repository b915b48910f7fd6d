import { randomBytes } from 'node:crypto';
import { VaultShellError } from '../base/errors.ts';

/**
 * Key slots as they stand in vault.json. Each gives back the vault's one database key. Nothing in a
 * slot is secret, and nothing in it is trusted: it is read as strictly as any outside data.
 */

interface SlotBase {
  /** 8 hex digits; what a user names in `key remove`. */
  readonly id: string;
  readonly created_at: string;
}

export interface PassphraseSlot extends SlotBase {
  readonly kind: 'passphrase';
  readonly kdf: 'scrypt';
  readonly n: number;
  readonly r: number;
  readonly p: number;
  /** Base64, as are the next two. */
  readonly salt: string;
  readonly nonce: string;
  /** The wrapped key and its tag: 48 bytes. */
  readonly wrapped: string;
}

/** The key stands in the OS keychain, under the vault's id. */
export interface KeychainSlot extends SlotBase {
  readonly kind: 'keychain';
}

/** A program prints the key. `argv` is run without a shell. */
export interface CommandSlot extends SlotBase {
  readonly kind: 'command';
  readonly argv: readonly string[];
}

export type Slot = PassphraseSlot | KeychainSlot | CommandSlot;

/** Gives what every new slot starts with: a fresh id and the time. */
export function newSlotBase(): SlotBase {
  return { id: randomBytes(4).toString('hex'), created_at: new Date().toISOString() };
}

/** Gives the slots of a vault.json, or throws VAULT_DAMAGED naming what is wrong with which. */
export function parseSlots(slots: readonly unknown[]): Slot[] {
  const parsed = slots.map((slot, index) => parseSlot(slot, `key slot ${index + 1}`));
  if (new Set(parsed.map((slot) => slot.id)).size !== parsed.length) {
    throw damaged('two key slots', 'have the same id');
  }
  return parsed;
}

// 2^20 with r=8 needs 1 GiB: no slot of ours asks for more, so one that does is hostile or broken.
const MAX_N = 2 ** 20;
const MAX_R = 16;
const MAX_P = 4;
/** 128 * N * r, the memory that scrypt takes: one bound on the product, as each alone is harmless. */
const MAX_SCRYPT_BYTES = 2 ** 30;
const MIN_SALT_BYTES = 16;
const MAX_SALT_BYTES = 64;
export const NONCE_BYTES = 12;
export const WRAPPED_BYTES = 48;
const MAX_ARGUMENTS = 64;
const MAX_ARGUMENT_LENGTH = 4096;

function parseSlot(value: unknown, what: string): Slot {
  const fields = new Fields(value, what);
  const base = { id: fields.id(), created_at: fields.text('created_at', 64) };
  switch (fields.text('kind', 32)) {
    case 'passphrase':
      return { kind: 'passphrase', ...base, ...parseScrypt(fields) };
    case 'keychain':
      return { kind: 'keychain', ...base };
    case 'command':
      return { kind: 'command', ...base, argv: fields.argv() };
    default:
      throw damaged(what, 'is of an unknown kind');
  }
}

function parseScrypt(fields: Fields): Omit<PassphraseSlot, 'id' | 'created_at' | 'kind'> {
  if (fields.text('kdf', 32) !== 'scrypt') throw damaged(fields.what, 'has an unknown kdf');
  const n = fields.integer('n', 2, MAX_N);
  const r = fields.integer('r', 1, MAX_R);
  const p = fields.integer('p', 1, MAX_P);
  if ((n & (n - 1)) !== 0) throw damaged(fields.what, 'has an n that is no power of two');
  if (128 * n * r > MAX_SCRYPT_BYTES) throw damaged(fields.what, 'asks for too much memory');
  return {
    kdf: 'scrypt',
    n,
    r,
    p,
    salt: fields.base64('salt', MIN_SALT_BYTES, MAX_SALT_BYTES),
    nonce: fields.base64('nonce', NONCE_BYTES, NONCE_BYTES),
    wrapped: fields.base64('wrapped', WRAPPED_BYTES, WRAPPED_BYTES),
  };
}

/** The fields of one slot, each read once and checked. */
class Fields {
  readonly what: string;
  readonly #record: Readonly<Record<string, unknown>>;

  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw damaged(what, 'is no object');
    }
    this.what = what;
    this.#record = { ...value };
  }

  id(): string {
    const id = this.text('id', 8);
    if (!/^[0-9a-f]{8}$/.test(id)) throw damaged(this.what, 'has a bad id');
    return id;
  }

  text(name: string, maxLength: number): string {
    const value = this.#record[name];
    if (typeof value !== 'string' || value === '' || value.length > maxLength) {
      throw damaged(this.what, `has a bad ${name}`);
    }
    return value;
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#record[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw damaged(this.what, `has a bad ${name}`);
    }
    return value;
  }

  base64(name: string, minBytes: number, maxBytes: number): string {
    const text = this.text(name, 4 * Math.ceil(maxBytes / 3));
    const bytes = Buffer.from(text, 'base64');
    // Node skips what is no base64, so only text that comes back the same was base64.
    if (bytes.toString('base64') !== text || bytes.length < minBytes || bytes.length > maxBytes) {
      throw damaged(this.what, `has a bad ${name}`);
    }
    return text;
  }

  argv(): string[] {
    const value = this.#record['argv'];
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ARGUMENTS) {
      throw damaged(this.what, 'has a bad argv');
    }
    return value.map((word: unknown) => {
      const wrong = typeof word !== 'string' || word.length > MAX_ARGUMENT_LENGTH;
      if (wrong || word.includes('\0')) throw damaged(this.what, 'has a bad argv');
      return word;
    });
  }
}

function damaged(what: string, why: string): VaultShellError {
  return new VaultShellError('VAULT_DAMAGED', `vault.json: ${what} ${why}`, {
    hint: 'put vault.json back from a backup',
  });
}
