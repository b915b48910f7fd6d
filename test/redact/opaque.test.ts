import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { tellingLength } from '../../src/redact/opaque.ts';
import { NeedleSet } from '../../src/redact/redactor.ts';
import { oneOf } from './streams.ts';
import { redactChunks, redactEveryWay, redactorFor } from './support.ts';

/** With how many of its bytes tell it: the public prefix and 10 more, or a few over. */
const OPAQUE: readonly [value: string, telling: number][] = [
  ['ghp_T8qZk4vLw2xR7nYb', 14],
  ['ghp_x7Kq2mZp9RtB4vLc8WnY3sHd6FgJ1aQe5UoT', 14],
  ['gho_16C7e42F292c6912E7710c838347Ae178B4a', 14],
  ['github_pat_11ABX7QZA0k3LmP9sT2vWx_8YbNc4RfGh6JkD1qSz5', 21],
  ['glpat-x9Kq2mZp-RtB4vLc8WnY', 16],
  ['sk-live_9fQ2xT7bLm4Vw8ZrKd1', 18],
  ['sk-proj-7hG2kQ9xWm4Tz8LbVn3RcYp6', 18],
  ['sk-ant-api03-7hG2kQ9xWm4Tz8LbVn3RcYp6-AA', 23],
  ['sk_live_51Hq7T2xKm9Zb4Vw8LrNd3', 18],
  ['sk_test_4eC39HqLyjWDarjtT1zdp7dc', 18],
  ['AKIA2E7QJ4WX6ZK3M5TD', 14],
  ['npm_8Kd2mXq7ZtR4vLb9WnY3sHc6FgJ1aQe5UoTp', 14],
  ['hf_qW7xKz2LmT9vRb4NcY8sHd3FgJ6aPe', 13],
  ['dop_v1_3f9a1c7e5b2d8046f1e3a9c7d5b20846', 17],
  ['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', 16],
  ['SG.k7Qz2mXp9RtB4vLc8WnY3s.H6FgJ1aQe5UoT8Kd2', 13],
  ['AIzaSyD7kQ2mXp9RtB4vLc8WnY3sHd6FgJ1a', 14],
  ['ya29.a0Kq7T2xKm9Zb4Vw8LrNd3sHd6FgJ1a', 15],
  ['pypi-AgEIcHlwaS5vcmcCJ7kQ2mXp9RtB4vLc8WnY3sHd', 31],
  // The ids of the workspace and the bot are no secret.
  ['xoxb-123456789012-1234567890123-k7Qz2mXp9RtB4vLc8WnY3sHd', 42],
  ['k7Qz2mXp9RtB4vLc8WnY', 10],
  ['3f9a1c7e5b2d8046f1e3a9c7d5b20846', 10],
  ['3F9A1C7E5B2D8046F1E3', 10],
  ['7c9e6a79-7425-40de-944b-e07fc1f90ae7', 10],
  ['JBSWY3DPEHPK3PXP7KX2M4QZ', 10],
  // Few digits, as base32 has now and then.
  ['JBSWY3DPEHPK3PXPKRUGKIDR', 10],
  ['wJ7lrXUtnF3MI/K7MDENG+bPx9RfiCY2zK5q', 10],
  // The first 10 have few characters or few changes.
  ['7c9e6679-7425-40de-944b-e07fc1f90ae7', 11],
  ['550e8400-e29b-41d4-a716-446655440000', 11],
  ['1111111111a7c9e6679f7425d40de944be07fc1f', 15],
  ['q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ', 10],
  ['q83vEjRWeJ-rze8_NFZ4kKvN7xI0VniQq83=', 10],
];

const PLAIN = [
  '',
  'short7Kq2m',
  'https://example.com/a7Kq2mZp9RtB4vLc',
  '/usr/lib/x86_64-linux-gnu/libssl.so.3',
  '~/.config/app1/k8s/v2/x9/z3b7',
  './node_modules/x7/q2/m9/b4/c8',
  'user7k2q9x4@mail3.example.com',
  'x9kLq7R2xz9MbT4w.internal',
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.k7Qz2mXp9RtB4vLc8WnY3sHd',
  'eyJrIjoiazdRejJtWHA5UnRCNHZMYzhXblkzcyJ9',
  'YWRtaW46azdRejJtWHA5UnRCNHZMYzhXblkzcw==',
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7',
  '2024-05-17T10-22-33Z-0042',
  '20240517T102233Z-0042',
  'backup-2024-05-17-b7-c8-d9',
  'v1.22.3-rc4+build5a7b9',
  'perl5.36-x86_64-linux-gnu',
  '10.0.12.34-a1b2c3d4e5',
  'ip-10-0-12-34.ec2.internal',
  'db1.b2.c3.eu4.example.com',
  'libfoo-1a2b-x86_64.so',
  'correct-horse-battery-staple',
  'Correct-Horse-Battery-Staple-9',
  'CorrectHorseBatteryStaple',
  'MyServicePassword2024',
  'AwsS3BucketName2Prod1',
  'my_service_password_2024_v2',
  'APPLICATION_SECRET_KEY_BASE_2',
  'hunter2-long-value-77',
  '1234567890123456789012345',
  '00000000-0000-0000-0000-000000000000',
  'abc123abc123abc123abc123',
  'abcd1234abcd1234abcd1234',
  'a1a1a1a1a1a1a1a1a1a1a1a1',
  'abcdefghijklmnopqrstuvwxyz012345',
  'k7Qz2mXp9RtB4vLc 8WnY3sHd',
  'k7Qz2mXp9RtB4vLc\n8WnY3sHd',
  'k7Qz2mXp9RtB4vLcéWnY3sHd',
];

test('opaque tokens tell from 10 bytes after their prefix', () => {
  for (const [value, telling] of OPAQUE) {
    assert.equal(tellingLength(Buffer.from(value)), telling, value);
  }
});

test('words, paths, dates and the like are no opaque tokens', () => {
  for (const value of PLAIN) assert.equal(tellingLength(Buffer.from(value)), undefined, value);
});

const BASE62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const HEX = '0123456789abcdef';

test('random tokens are nearly always opaque', () => {
  for (const [alphabet, share] of [
    [BASE62, 0.98],
    [HEX, 0.98],
  ] as const) {
    const sizes = { minLength: 20, maxLength: 64 };
    // A sample without shrinking or favoured edges: this is about a share of all.
    const tokens = fc.sample(fc.noBias(fc.string({ unit: oneOf(alphabet), ...sizes })), {
      seed: 7,
      numRuns: 2000,
    });
    const lengths = tokens.map((token) => tellingLength(Buffer.from(token)));
    const opaque = lengths.filter((length) => length !== undefined);
    assert.ok(opaque.length >= tokens.length * share, `${opaque.length} of ${tokens.length}`);
    assert.ok(opaque.every((length) => length >= 10 && length <= 44));
    assert.ok(opaque.filter((length) => length <= 16).length >= opaque.length * 0.95);
  }
});

const TOKEN = 'k7Qz2mXp9RtB4vLc8WnY';
const PREFIXED = 'ghp_x7Kq2mZp9RtB4vLc8WnY3sHd6FgJ1aQe5UoT';

test('a leading part that tells is masked as the value is', () => {
  for (const [value, from] of [
    [TOKEN, 10],
    [PREFIXED, 14],
  ] as const) {
    const needles = new NeedleSet();
    needles.add({ name: 'token', value });
    for (let length = from; length <= value.length; length++) {
      const part = value.slice(0, length);
      for (const rest of ['', '...', '\n', ' is', '\r\n$ ', '\u001b[0m.', '-']) {
        assert.equal(redactEveryWay([], [`x ${part}${rest}`], { needles }), `x ***${rest}`);
      }
    }
  }
});

test('in any chunking it is one mask', () => {
  const needles = new NeedleSet();
  needles.add({ name: 'token', value: TOKEN });
  const text = `a ${TOKEN.slice(0, 15)}... b ${TOKEN} c\n`;
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second++) {
      const chunks = [text.slice(0, first), text.slice(first, second), text.slice(second)];
      assert.equal(redactChunks([], chunks, { needles }).toString(), 'a ***... b *** c\n');
    }
  }
});

test('a shorter part is not masked, nor is a public prefix', () => {
  assert.equal(redactEveryWay([TOKEN], [TOKEN.slice(0, 9)]), TOKEN.slice(0, 9));
  const head = PREFIXED.slice(0, 13);
  assert.equal(redactEveryWay([PREFIXED], [`${head}... ghp_`]), `${head}... ghp_`);
  assert.equal(
    redactEveryWay([TOKEN], [`${TOKEN.slice(0, 9)}.${TOKEN.slice(9)}`]),
    [TOKEN.slice(0, 9), TOKEN.slice(9)].join('.'),
  );
});

test('whole values give one mask each, also side by side', () => {
  assert.equal(redactEveryWay([TOKEN], [TOKEN]), '***');
  assert.equal(redactEveryWay([TOKEN], [TOKEN + TOKEN]), '******');
  assert.equal(redactEveryWay([TOKEN], [TOKEN.slice(0, 12) + TOKEN]), '******');
  assert.equal(redactEveryWay([TOKEN, PREFIXED], [TOKEN + PREFIXED]), '******');
});

test('two values with one beginning are masked by the longer', () => {
  const twin = `${TOKEN.slice(0, 14)}Zq7w2x9M`;
  assert.equal(
    redactEveryWay([TOKEN, twin], [`${twin} ${TOKEN} ${twin.slice(0, 15)}`]),
    '*** *** ***',
  );
});

test('through escapes and line ends as well, and in a title', () => {
  const part = TOKEN.slice(0, 12);
  assert.equal(
    redactEveryWay([TOKEN], [`${part.slice(0, 5)}\u001b[1m${part.slice(5)}\u001b[0m.`]),
    '***\u001b[1m\u001b[0m.',
  );
  assert.equal(redactEveryWay([TOKEN], [`${part.slice(0, 5)}\r\n${part.slice(5)}.`]), '***.');
  assert.equal(redactEveryWay([TOKEN], [`\u001b]0;${part}\u0007`]), '\u001b]0;***\u0007');
});

test('a release shows no more of the value than before', () => {
  const redactor = redactorFor([TOKEN]);
  const show = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  assert.equal(show(redactor.write(Buffer.from(TOKEN.slice(0, 9)))), '');
  assert.equal(show(redactor.release()), TOKEN.slice(0, 4));
  assert.equal(
    show(redactor.write(Buffer.from(TOKEN.slice(9, 13)))) + show(redactor.release()),
    '***',
  );
  // What follows of the value belongs to the same mask.
  assert.equal(
    show(redactor.write(Buffer.from(`${TOKEN.slice(13)} end\n`))) + show(redactor.release()),
    ' end\n',
  );
});

test('with the raw forms only, the whole value is masked and nothing else', () => {
  const part = TOKEN.slice(0, 15);
  assert.equal(redactEveryWay([TOKEN], [`${part} ${TOKEN}`], { forms: 'raw' }), `${part} ***`);
});
