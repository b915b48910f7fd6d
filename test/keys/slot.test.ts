import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHexkey } from '../../src/keys/hexkey.ts';
import { unwrapKey, wrapKey } from '../../src/keys/passphrase.ts';
import { newSlotBase, parseSlots, type PassphraseSlot } from '../../src/keys/slot.ts';

const KEY = Buffer.alloc(32, 0x5a);
const CHEAP = { testOnlyInsecureN: 2 ** 10 };

async function makeSlot(passphrase = 'correct horse'): Promise<PassphraseSlot> {
  return wrapKey(KEY, passphrase, CHEAP);
}

test('a passphrase slot survives JSON and gives the key back', async () => {
  const [slot] = parseSlots([JSON.parse(JSON.stringify(await makeSlot()))]);
  assert.ok(slot?.kind === 'passphrase');
  assert.deepEqual(await unwrapKey(slot, 'correct horse'), KEY);
});

test('the cost of a passphrase is N=2^17 r=8 p=1 unless a test says otherwise', async () => {
  const slot = await wrapKey(KEY, 'correct horse');
  assert.deepEqual([slot.n, slot.r, slot.p], [2 ** 17, 8, 1]);
  assert.equal(Buffer.from(slot.salt, 'base64').length, 32);
  assert.deepEqual(await unwrapKey(slot, 'correct horse'), KEY);
});

test('two slots of one passphrase share nothing, and neither holds the key', async () => {
  const [one, two] = [await makeSlot(), await makeSlot()];
  assert.notEqual(one.id, two.id);
  assert.notEqual(one.salt, two.salt);
  assert.notEqual(one.wrapped, two.wrapped);
  assert.ok(!JSON.stringify(one).includes(KEY.toString('base64').slice(0, 20)));
});

test('another passphrase is a wrong key, an empty one is never taken', async () => {
  const slot = await makeSlot();
  for (const wrong of ['Correct horse', 'correct horse ', '', 'correct hors\u00e9']) {
    await assert.rejects(unwrapKey(slot, wrong), {
      code: 'WRONG_KEY',
      message: 'wrong passphrase',
    });
  }
  await assert.rejects(wrapKey(KEY, '', CHEAP), { code: 'USAGE' });
});

/** Flips a bit of what base64 text stands for. */
function flipped(text: string): string {
  const bytes = Buffer.from(text, 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return bytes.toString('base64');
}

test('a slot that was changed in any part does not open', async () => {
  const slot = await makeSlot();
  const changed: Partial<PassphraseSlot>[] = [
    { id: '00000000' },
    { n: slot.n * 2 },
    { r: 4 },
    { p: 2 },
    { salt: flipped(slot.salt) },
    { nonce: flipped(slot.nonce) },
    { wrapped: flipped(slot.wrapped) },
  ];
  for (const change of changed) {
    await assert.rejects(
      unwrapKey({ ...slot, ...change }, 'correct horse'),
      { code: 'WRONG_KEY' },
      JSON.stringify(Object.keys(change)),
    );
  }
});

test('slots that no vault-shell wrote are refused', async () => {
  const good = await makeSlot();
  const command = { ...newSlotBase(), kind: 'command', argv: ['kms', 'decrypt'] };
  assert.equal(parseSlots([good, command, { ...newSlotBase(), kind: 'keychain' }]).length, 3);
  const bad: unknown[] = [
    null,
    [],
    'passphrase',
    {},
    { ...good, id: 'xyz' },
    { ...good, id: undefined },
    { ...good, kind: 'password' },
    { ...good, kdf: 'pbkdf2' },
    { ...good, n: 2 ** 21 },
    { ...good, n: 2 ** 20, r: 16 },
    { ...good, n: 1000 },
    { ...good, n: 0 },
    { ...good, n: '1024' },
    { ...good, n: 1024.5 },
    { ...good, r: 0 },
    { ...good, r: 1e9 },
    { ...good, p: 100 },
    { ...good, salt: 'c2hvcnQ=' },
    { ...good, salt: 'A'.repeat(10_000) },
    { ...good, salt: `${good.salt.slice(0, -1)}!` },
    { ...good, nonce: good.salt },
    { ...good, wrapped: good.nonce },
    { ...command, argv: [] },
    { ...command, argv: 'kms decrypt' },
    { ...command, argv: ['kms', 1] },
    { ...command, argv: ['kms\0'] },
    { ...command, argv: Array.from({ length: 65 }, () => 'x') },
  ];
  for (const slot of bad) {
    assert.throws(() => parseSlots([slot]), { code: 'VAULT_DAMAGED' }, JSON.stringify(slot));
  }
  assert.throws(() => parseSlots([good, good]), { message: /same id/ });
});

test('a hexkey is exactly 64 hex digits', () => {
  assert.deepEqual(parseHexkey('5a'.repeat(32)), KEY);
  assert.deepEqual(parseHexkey('5A'.repeat(32)), KEY);
  const bad = ['', '5a'.repeat(31), '5a'.repeat(33), ` ${'5a'.repeat(32)}`, `${'5a'.repeat(32)}\n`];
  for (const text of [...bad, `0x${'5a'.repeat(31)}`, `zz${'5a'.repeat(31)}`]) {
    assert.throws(
      () => parseHexkey(text),
      (error: Error) => !error.message.includes('5a'),
    );
  }
});
