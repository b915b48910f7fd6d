import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { approvalOf, decideUse, type Use } from '../../src/broker/policy.ts';
import type { Policy } from '../../src/vault/rules.ts';
import type { SecretInfo } from '../../src/vault/types.ts';
import { rulesWith } from '../support/memory-store.ts';

const HASH = 'a'.repeat(64);
const OTHER_HASH = 'b'.repeat(64);

const USE: Use = {
  file: '/usr/bin/curl',
  sha256: undefined,
  cwd: '/a/b',
  exposures: ['env'],
  optional: false,
  now: '2026-06-01T00:00:00.000Z',
};

const curl = [{ path: '/usr/bin/curl', sha256: null }];
const exactCurl = [{ path: '/usr/bin/curl', sha256: HASH }];

const decisions: readonly [string, Partial<Policy>, Partial<Use>, string][] = [
  ['no policy', {}, {}, 'allow'],
  ['its program', { programs: curl }, {}, 'allow'],
  ['another program', { programs: curl }, { file: '/usr/bin/wget' }, 'deny'],
  ['a program that begins like it', { programs: curl }, { file: '/usr/bin/curl2' }, 'deny'],
  ['an unknown program', { programs: curl }, { file: undefined }, 'deny'],
  ['no program at all', { programs: [] }, {}, 'deny'],
  ['the right bytes', { programs: exactCurl }, { sha256: HASH }, 'allow'],
  ['other bytes', { programs: exactCurl }, { sha256: OTHER_HASH }, 'deny'],
  ['bytes that cannot be read', { programs: exactCurl }, {}, 'deny'],
  [
    'the second of two hashes',
    { programs: [{ path: '/usr/bin/curl', sha256: OTHER_HASH }, ...exactCurl] },
    { sha256: HASH },
    'allow',
  ],
  ['its directory', { cwd: '/a/b' }, {}, 'allow'],
  ['one below', { cwd: '/a' }, {}, 'allow'],
  ['one that begins like it', { cwd: '/a/b' }, { cwd: '/a/bc' }, 'deny'],
  ['the one above', { cwd: '/a/b' }, { cwd: '/a' }, 'deny'],
  ['a way out of it', { cwd: '/a/b' }, { cwd: '/a/b/../c' }, 'deny'],
  ['any under the root', { cwd: '/' }, {}, 'allow'],
  ['a relative directory', { cwd: '/' }, { cwd: 'a' }, 'deny'],
  ['an allowed exposure', { exposures: ['env', 'file'] }, {}, 'allow'],
  ['another exposure', { exposures: ['env'] }, { exposures: ['argv'] }, 'deny'],
  ['one allowed and one not', { exposures: ['env'] }, { exposures: ['env', 'argv'] }, 'deny'],
  ['an unknown exposure', { exposures: ['env'] }, { exposures: [] }, 'deny'],
  ['no exposure allowed', { exposures: [] }, {}, 'deny'],
  ['before it expires', { expires: '2026-06-01T00:00:00.001Z' }, {}, 'allow'],
  ['as it expires', { expires: '2026-06-01T00:00:00.000Z' }, {}, 'deny'],
  ['one use left', { uses: 1 }, {}, 'allow'],
  ['no use left', { uses: 0 }, {}, 'deny'],
  ['approval each time', { approval: 'once' }, {}, 'ask'],
  ['approval for a session', { approval: 'session' }, {}, 'ask'],
  ['approval never', { approval: 'never' }, {}, 'allow'],
  [
    'approval, but for another program',
    { approval: 'once', programs: curl },
    { file: '/x' },
    'deny',
  ],
  [
    'in the environment of another program',
    { programs: curl },
    { file: '/x', optional: true },
    'text',
  ],
  ['in the environment elsewhere', { cwd: '/c' }, { optional: true }, 'text'],
  [
    'expired, in the environment',
    { expires: '2026-01-01T00:00:00.000Z' },
    { optional: true },
    'deny',
  ],
  ['used up, in the environment', { uses: 0 }, { optional: true }, 'deny'],
  ['not for the environment', { exposures: ['argv'] }, { optional: true }, 'deny'],
];

describe('a policy', () => {
  for (const [what, policy, use, expected] of decisions) {
    test(`${what}: ${expected}`, () => {
      const decision = decideUse(rulesWith(policy), { ...USE, ...use });
      assert.equal(decision.kind, expected);
      if (decision.kind === 'deny' || decision.kind === 'text') {
        assert.match(decision.reason, /^gh [ -~]+$/);
      }
    });
  }
});

const defaults: readonly [Partial<SecretInfo>, string][] = [
  [{}, 'never'],
  [{ access: 'read' }, 'never'],
  [{ access: 'read-write' }, 'once'],
  [{ access: 'admin' }, 'once'],
  [{ access: ' Admin' }, 'once'],
  [{ environment: 'dev' }, 'never'],
  [{ environment: 'prod' }, 'once'],
  [{ environment: 'PRODUCTION' }, 'once'],
  [{ access: 'read', environment: 'prod' }, 'once'],
];

describe('without an approval in its policy', () => {
  for (const [info, expected] of defaults) {
    test(`a secret with ${JSON.stringify(info)}: ${expected}`, () => {
      assert.equal(approvalOf(rulesWith({}, info)), expected);
      assert.equal(approvalOf(rulesWith({ programs: curl }, info)), expected);
      for (const approval of ['never', 'once', 'session'] as const) {
        assert.equal(approvalOf(rulesWith({ approval }, info)), approval);
      }
    });
  }
});
