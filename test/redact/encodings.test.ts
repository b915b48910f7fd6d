import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { formsOf } from '../../src/redact/encodings.ts';
import { redactChunks, redactEveryWay } from './support.ts';

const VALUES = [
  'sk-live_9fQ2xT7bLm4Vw8ZrKd1',
  `p@ss/w+rd&"x'=é$ <b> \\ %41`,
  "}#T14'GAz&H!{$U_",
  `it''s "quoted" \`ticks\` ~ ; | * ? [x] ^ , #`,
];
const GROUPS = [0, 1, 2, 3, 4];

test('base64 and base32 of a value are masked whatever stands before and after it', () => {
  for (const value of VALUES) {
    for (const before of GROUPS) {
      for (const after of GROUPS) {
        const text = `${'<'.repeat(before)}${value}${'>'.repeat(after)}`;
        for (const encoding of ['base64', 'base64url'] as const) {
          const encoded = Buffer.from(text).toString(encoding);
          const output = redactEveryWay([value], [`x ${encoded} y`]);
          const [left, right, ...more] = output.slice(2, -2).split('***');
          assert.deepEqual(more, []);
          // What is left carries no bit of the value: it is about what stood around it.
          assert.ok(encoded.startsWith(left ?? '') && (left ?? '').length * 6 <= before * 8);
          assert.ok(encoded.endsWith(right ?? ''));
          // The last character may be filled up with zeros.
          assert.ok(((right ?? '').replaceAll('=', '').length - 1) * 6 < after * 8);
        }
      }
    }
  }
});

test('a value in base32 is masked with its padding', () => {
  // From the test vectors of RFC 4648.
  assert.equal(redactEveryWay(['foobar'], ['MZXW6YTBOI======']), '***');
  assert.equal(redactEveryWay(['foobarfoobar'], ['x MZXW6YTBOJTG633CMFZA==== y']), 'x *** y');
});

test('what the shell writes back is masked', (t) => {
  for (const [shell, script] of [
    ['bash', 'printf %q "$V"'],
    ['bash', 'printf %s "${V@Q}"'],
    ['bash', 'declare -p V'],
    ['bash', 'export -p'],
    ['bash', 'set -x; : "$V"'],
    ['bash', 'alias v="$V"; alias'],
    ['dash', 'set -x; : "$V"'],
    ['dash', 'export -p'],
    ['zsh', 'printf %q "$V"'],
    ['zsh', 'print -r -- "${(qq)V}"'],
    ['zsh', 'print -r -- "${(qqqq)V}"'],
    ['zsh', 'set -x; : "$V"'],
  ] as const) {
    for (const locale of ['C', 'C.UTF-8']) {
      for (const value of [...VALUES, 'two lines\nof it, and a\ttab-9']) {
        const run = spawnSync(shell, ['-c', script], {
          env: { PATH: process.env['PATH'], V: value, LC_ALL: locale },
        });
        if (run.error !== undefined) {
          assert.equal(process.env['CI'], undefined, `${shell} is missing`);
          t.diagnostic(`${shell} is missing`);
          continue;
        }
        const written = Buffer.concat([run.stdout, run.stderr]);
        const output = redactChunks([value], [written]).toString();
        assert.ok(output.includes('***'), `${shell}, ${script}, ${locale}: ${written.toString()}`);
      }
    }
  }
});

test('what the encoders of the platform write is masked', () => {
  for (const value of [...VALUES, 'correct horse battery staple']) {
    const bytes = Buffer.from(value);
    for (const encoded of [
      encodeURIComponent(value),
      encodeURI(value),
      encodeURIComponent(encodeURIComponent(value)),
      new URLSearchParams({ v: value }).toString().slice(2),
      JSON.stringify(value).slice(1, -1),
      JSON.stringify(JSON.stringify(value)).slice(3, -3),
      JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/'),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      bytes.toString('hex').replaceAll(/..(?!$)/g, '$&:'),
      bytes.toString('hex').replaceAll(/..(?!$)/g, '$& '),
      bytes.toString('hex').replaceAll(/.{4}(?!$)/g, '$& '),
    ]) {
      assert.equal(redactEveryWay([value], [`x ${encoded} y`]), 'x *** y', encoded);
    }
  }
});

test('an encoding may be folded and indented anywhere', () => {
  const value = VALUES.join('\n');
  for (const encoding of ['base64', 'hex'] as const) {
    const encoded = Buffer.from(value).toString(encoding);
    for (const columns of [20, 64, 76]) {
      for (const end of ['\n', '\r\n', '\n    ', '\r\n\t']) {
        const folded = (encoded.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []).join(end);
        assert.equal(redactEveryWay([value], [`x:\n${folded}\ny`]), 'x:\n***\ny');
      }
    }
  }
});

test('the last character of base64, which holds bits of what follows too, is masked in both alphabets', () => {
  // Its last two bits are ones: with four of the next byte they are the 62nd or 63rd character.
  const value = 'tok7Qm2xZs9ck';
  for (const next of [0xef, 0xff]) {
    for (const encoding of ['base64', 'base64url'] as const) {
      const encoded = Buffer.from([...Buffer.from(value), next]).toString(encoding);
      assert.match(encoded, /^[A-Za-z0-9]{17}[-_+/]8/);
      const rest = encoded.slice(18);
      assert.equal(redactEveryWay([value], [encoded]), `***${rest}`, encoded);
    }
  }
});

test('what printf %q of a shell without UTF-8 puts backslashes before is masked', () => {
  assert.equal(redactEveryWay(['pass😀word-9Zq'], ['pass\\😀word-9Zq']), '***');
});

test('no form is given twice', () => {
  const repeated = Buffer.from('aaaaaaaaaaaaaaaa').toString('base64');
  for (const value of [...VALUES, repeated, 'ABCDEFGHIJKLMNOP', '0000000000', 'plain words']) {
    const forms = formsOf(Buffer.from(value), 'all').map(({ text, lead = 0 }) => `${lead} ${text}`);
    assert.deepEqual(forms, [...new Set(forms)]);
  }
});

test('no form is so short or plain that it masks ordinary text', () => {
  for (const value of ['Monday-7', 'swordfish', 'correct horse', '{\n  "a": 1\n}', ...VALUES]) {
    for (const { text } of formsOf(Buffer.from(value), 'all')) {
      assert.ok(text.length >= 8, `${text} of ${value}`);
    }
  }
  for (const { text } of formsOf(Buffer.from('Nq7+'), 'all').slice(1)) {
    assert.ok(text.length >= 6, text);
  }
});

test('lines that are in every file of a kind are not masked alone', () => {
  const pem = '-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n';
  const json = '{\n  "key": "aZ4-77xY-Plum_Tree",\n  "n": 1\n}\n';
  const text = '-----BEGIN PRIVATE KEY-----\n{\n\n}\n-----END PRIVATE KEY-----\n';
  assert.equal(redactEveryWay([pem, json], [text]), text);
  assert.equal(redactEveryWay([pem], ['MIIBVgIBADANBgkqhkiG9w0B']), '***');
});

test('a line of a value tells from 12 bytes with 8 different ones on, without its indentation', () => {
  for (const [line, tells] of [
    ['abcdefgh1234', true],
    ['abcdefgh123', false],
    ['abcdefghabcd', true],
    ['abcdefgabcde', false],
  ] as const) {
    const value = `a first line, to be left out\n    ${line}  \nA`;
    const output = redactEveryWay([value], [`( ${line} )`]);
    assert.equal(output, tells ? '( *** )' : `( ${line} )`, line);
  }
});

test('lines of JSON and YAML that say nothing of their own are not masked alone', () => {
  const lines = [
    '"token_uri": "https://oauth2.googleapis.com/token",',
    '"type": "service_account",',
    '"universe_domain": "googleapis.com"',
    'apiVersion: client.authentication/v1',
    'current-context: production-cluster-7',
  ];
  const secret = '"private_key_id": "kLq7R2xz9MbT4"';
  const value = [...lines, secret].join('\n');
  for (const line of lines) assert.equal(redactEveryWay([value], [line]), line);
  assert.equal(redactEveryWay([value], [secret]), '***');
  // With a password in it an address is no such line.
  const address = '"database": "https://app:kLq7R2xz9M@db.example"';
  assert.equal(redactEveryWay([`{\n${address}\n}`], [address]), '***');
});

test('a value with blanks is found without them from 12 bytes on', () => {
  assert.equal(redactEveryWay(['kLq7 R2xz 9MbT'], ['( kLq7R2xz9MbT )']), '( *** )');
  assert.equal(redactEveryWay(['kLq7 R2xz 9Mb'], ['( kLq7R2xz9Mb )']), '( kLq7R2xz9Mb )');
});

test('the reverse of a value is looked for from 8 bytes on', () => {
  assert.equal(redactEveryWay(['kLq7R2xz'], ['( zx2R7qLk )']), '( *** )');
  assert.equal(redactEveryWay(['kLq7R2x'], ['( x2R7qLk )']), '( x2R7qLk )');
});

test('a short value is found in base64 with its padding', () => {
  assert.equal(redactEveryWay(['Nq7+'], ['( TnE3Kw== )']), '( *** )');
});

test('ordinary text stays as it is with many secrets', () => {
  const secrets = Array.from({ length: 50 }, (_, n) => `tok-${n}-${((n + 7) * 7_919) % 9973}-Zq`);
  const source = readFileSync(import.meta.filename);
  assert.equal(redactEveryWay(secrets, [source]), source.toString('utf8'));
});
