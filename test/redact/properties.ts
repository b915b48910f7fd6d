import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import stripAnsi from 'strip-ansi';
import { formsOf } from '../../src/redact/encodings.ts';
import { visibleBytes } from './support.ts';
import { redactWhole } from './reference.ts';
import { chunksOf, longScene, oneOf, tameScene, wildScene } from './streams.ts';
import { redactChunks, redactorFor } from './support.ts';

export interface Property {
  readonly name: string;
  readonly run: fc.IProperty<never> | fc.IRawProperty<unknown>;
}

/** Values that are in none of the streams. */
const ELSEWHERE = ['Zk7-plum_Tree92', 'two lines\nof Text+9'];

/** What must hold for every stream. Run for a while by the tests, for long by fuzz.ts. */
export const properties: readonly Property[] = [
  {
    name: 'any chunking of any bytes gives what one write gives',
    run: fc.property(wildScene, (scene) => {
      const once = redactChunks(scene.values, [scene.stream]);
      const parts = redactChunks(scene.values, chunksOf(scene));
      assert.deepEqual(parts.toString('latin1'), once.toString('latin1'));
      const bytes = Array.from(scene.stream, (byte) => Buffer.from([byte]));
      assert.deepEqual(
        redactChunks(scene.values, bytes).toString('latin1'),
        once.toString('latin1'),
      );
    }),
  },
  {
    name: 'skipping changes nothing: long lines give what they give byte by byte',
    run: fc.property(longScene, (scene) => {
      const bytes = Array.from(scene.stream, (byte) => Buffer.from([byte]));
      const slow = redactChunks(scene.values, bytes).toString('latin1');
      assert.deepEqual(redactChunks(scene.values, [scene.stream]).toString('latin1'), slow);
      assert.deepEqual(redactChunks(scene.values, chunksOf(scene)).toString('latin1'), slow);
      assert.deepEqual(redactWhole(scene.stream, scene.values).toString('latin1'), slow);
    }),
  },
  {
    name: 'the output is that of the slow reference',
    run: fc.property(tameScene, (scene) => {
      assert.deepEqual(
        redactChunks(scene.values, chunksOf(scene)).toString('latin1'),
        redactWhole(scene.stream, scene.values).toString('latin1'),
      );
    }),
  },
  {
    name: 'no form of a value can be read from the output',
    run: fc.property(tameScene, (scene) => {
      const output = redactChunks(scene.values, chunksOf(scene)).toString('latin1');
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      const seen = stripAnsi(output.replaceAll(/.\x08/gs, '')).replaceAll(/[\x00-\x1f\x7f]/g, '');
      for (const value of scene.values) {
        for (const form of formsOf(value, 'all')) {
          const needle = Buffer.from(visibleBytes(Buffer.from(form.text, 'latin1'))).toString(
            'latin1',
          );
          assert.ok(!seen.includes(needle), `${needle} in ${output}`);
        }
      }
    }),
  },
  {
    name: 'bytes without a value come out as they went in',
    run: fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.nat(400), { maxLength: 5 }),
      (bytes, cuts) => {
        const scene = {
          values: [],
          stream: Buffer.from(bytes),
          cuts: cuts.map((cut) => cut / 400),
        };
        const output = redactChunks(ELSEWHERE, chunksOf(scene));
        assert.deepEqual(output, scene.stream);
      },
    ),
  },
  {
    name: 'releases show at most the first 4 bytes and a quarter of a value',
    run: fc.property(
      fc.string({ unit: oneOf('kLqR'), minLength: 4, maxLength: 24 }),
      fc.array(fc.constantFrom('value', 'half', '. ', '\x1b[1m', '\r\n', '-'), { maxLength: 6 }),
      fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
      (value, pieces, rhythm) => {
        const text = (piece: string) =>
          piece === 'value' ? value : piece === 'half' ? value.slice(0, value.length / 2) : piece;
        const redactor = redactorFor([value], { forms: 'raw' });
        const out: Uint8Array[] = [];
        const whole = `${pieces.map(text).join('')}.`;
        for (const [n, byte] of Buffer.from(whole).entries()) {
          out.push(redactor.write(Buffer.from([byte])));
          if (rhythm[n % rhythm.length] === 0) {
            out.push(redactor.release());
            assert.equal(redactor.release().length, 0);
          }
        }
        out.push(redactor.end());
        const output = stripAnsi(Buffer.concat(out).toString()).replaceAll(/[\r\n]/g, '');
        const shown = value.slice(0, Math.min(4, Math.floor(value.length / 4)) + 1);
        const plain = stripAnsi(whole).replaceAll(/[\r\n]/g, '');
        // Where the value stood, no more than its first bytes are left.
        const leaks = plain.split(value).every((part) => !part.includes(shown));
        if (leaks) assert.ok(!output.includes(shown), `${shown} in ${output}`);
        assert.ok(!output.includes(value));
      },
    ),
  },
];

export function check(property: Property, numRuns: number, seed?: number): void {
  void fc.assert(property.run as fc.IRawProperty<unknown>, {
    numRuns,
    ...(seed === undefined ? {} : { seed }),
  });
}
