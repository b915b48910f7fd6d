import { checkPrimeSync, createECDH, createPrivateKey, type JsonWebKey } from 'node:crypto';
import type { Random } from '../support/random.ts';

/* Keys as OpenSSL writes them, from seeded bytes: node:crypto makes no key that could be made again. */

/** PKCS #8 around the 32 bytes of an Ed25519 key (RFC 8410). */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const RSA_EXPONENT = 65_537n;
const RSA_PRIME_BYTES = 128;

export function ed25519Pem(random: Random): string {
  const key = Buffer.concat([ED25519_HEAD, random.bytes(32)]);
  return pemOf({ key, format: 'der', type: 'pkcs8' }, 'pkcs8');
}

export function ecPem(random: Random): string {
  const curve = createECDH('prime256v1');
  const secret = random.bytes(32);
  secret[0] = 1; // below the curve's order
  curve.setPrivateKey(secret);
  const point = curve.getPublicKey();
  const key = {
    kty: 'EC',
    crv: 'P-256',
    d: secret.toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  return pemOf({ key, format: 'jwk' }, 'sec1');
}

export function rsaPem(random: Random, type: 'pkcs1' | 'pkcs8'): string {
  const [p, q] = [prime(random), prime(random)];
  const d = inverse(RSA_EXPONENT, (p - 1n) * (q - 1n));
  const numbers = {
    n: p * q,
    e: RSA_EXPONENT,
    d,
    p,
    q,
    dp: d % (p - 1n),
    dq: d % (q - 1n),
    qi: inverse(q, p),
  };
  const key: JsonWebKey = { kty: 'RSA' };
  for (const [name, number] of Object.entries(numbers)) {
    const hex = number.toString(16);
    key[name] = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString(
      'base64url',
    );
  }
  return pemOf({ key, format: 'jwk' }, type);
}

function pemOf(
  input: Parameters<typeof createPrivateKey>[0],
  type: 'pkcs1' | 'pkcs8' | 'sec1',
): string {
  return createPrivateKey(input).export({ type, format: 'pem' }).toString();
}

function prime(random: Random): bigint {
  for (;;) {
    const bytes = random.bytes(RSA_PRIME_BYTES);
    bytes[0] = (bytes[0] ?? 0) | 0xc0;
    bytes[RSA_PRIME_BYTES - 1] = (bytes[RSA_PRIME_BYTES - 1] ?? 0) | 1;
    const candidate = BigInt(`0x${bytes.toString('hex')}`);
    if (candidate % RSA_EXPONENT !== 1n && checkPrimeSync(candidate)) return candidate;
  }
}

/** The extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [low, high] = [value % modulus, modulus];
  let [x, y] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [x, y] = [y - quotient * x, x];
  }
  return ((x % modulus) + modulus) % modulus;
}
