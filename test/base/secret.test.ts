import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from '../../src/base/secret.ts';

const VALUE = 'tok_4f9a77c2e1';

test('a secret never prints', () => {
  const secret = new Secret(VALUE);
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret, { depth: 9, showHidden: true }),
    format('%s %o %j', secret, secret, secret),
    inspect(new Error('x', { cause: secret })),
    JSON.stringify(Object.entries(secret)),
  ];
  for (const text of shown) assert.ok(!text.includes(VALUE), text);
  assert.equal(secret.reveal(), VALUE);
});

test('values are revealed only where a value must leave the program', () => {
  const found = execFileSync('grep', ['-rlE', String.raw`\.reveal\(\)`, 'src'], {
    encoding: 'utf8',
  });
  assert.deepEqual(found.trim().split('\n').toSorted(), REVEALING);
});

/** The rooms' only call sites of `reveal()`; a new one is a decision, so it is made here. */
const REVEALING = [
  'src/broker/protocol.ts',
  'src/cli/commands/redact.ts',
  'src/cli/commands/reveal.ts',
  'src/cli/run-command.ts',
  'src/cli/value-command.ts',
  'src/session/session.ts',
  'src/vault/child-main.ts',
  'src/vault/secrets.ts',
];
