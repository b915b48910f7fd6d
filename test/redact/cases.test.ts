import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { formsOf } from '../../src/redact/encodings.ts';
import { visibleBytes } from './support.ts';
import { redactEveryWay } from './support.ts';

/** From test/ compiled into dist/test/. */
const CORPUS = path.join(import.meta.dirname, '../../../test/corpus/redact');

interface PeerCase {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly chunks: readonly string[];
  readonly expect: string;
  readonly check: 'equal' | 'masked';
}

interface Counterexample {
  readonly note: string;
  readonly secrets: readonly string[];
  readonly stream: string;
  readonly expect: string;
  /** Each character of stream and expect is a byte. */
  readonly latin1?: boolean;
}

const peerCases: PeerCase[] = JSON.parse(load('peer-cases.json'));
const counterexamples: Counterexample[] = JSON.parse(load('counterexamples.json'));

for (const peer of peerCases) {
  test(`${peer.check === 'equal' ? 'as its peer' : 'at least as its peer'}: ${peer.name}`, () => {
    const forms = peer.check === 'equal' ? 'raw' : 'all';
    const output = redactEveryWay(peer.secrets, peer.chunks, { forms });
    if (peer.check === 'equal') {
      assert.equal(output, peer.expect);
      return;
    }
    const seen = seenIn(output);
    for (const secret of peer.secrets) {
      for (const form of formsOf(Buffer.from(secret), 'all')) {
        assert.ok(!seen.includes(seenIn(Buffer.from(form.text, 'latin1').toString('utf8'))));
      }
    }
    // The text around the masks is as it was; at an edge a better mask hides more.
    const ours = textAround(output);
    const theirs = textAround(peer.expect);
    assert.equal(ours.length, theirs.length);
    for (const [n, text] of ours.entries()) assert.ok((theirs[n] ?? '').startsWith(text), output);
  });
}

for (const { note, secrets, stream, expect, latin1 } of counterexamples) {
  test(`found by fuzzing: ${note}`, () => {
    const encoding = latin1 === true ? 'latin1' : 'utf8';
    const output = redactEveryWay(secrets, [Buffer.from(stream, encoding)]);
    assert.equal(output, Buffer.from(expect, encoding).toString('utf8'));
  });
}

function load(name: string): string {
  return readFileSync(path.join(CORPUS, name), 'utf8');
}

function seenIn(text: string): string {
  return Buffer.from(visibleBytes(Buffer.from(text))).toString('utf8');
}

/** Escapes are kept inside a mask, so they are no part of the comparison. */
function textAround(text: string): string[] {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replaceAll(/\x1b\[[0-9;]*m|\x1b\][^\x1b\x07]*(?:\x07|\x1b\\)/g, '').split('***');
}
