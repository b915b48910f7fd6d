import { Secret } from '../../src/base/secret.ts';
import {
  isLapsed,
  isPlain,
  isSameDecision,
  NO_POLICY,
  type Policy,
  type Rules,
} from '../../src/vault/rules.ts';
import type {
  GrantRequest,
  GrantResult,
  GrantStore,
  PendingApproval,
  SecretInfo,
} from '../../src/vault/types.ts';

export interface MemoryRow extends GrantRequest {
  readonly outcome: 'ran' | 'denied';
  exitCode: number | null;
}

/** A vault in memory: what the broker does to it can be looked at, in order. */
export interface MemoryStore extends GrantStore {
  readonly rows: MemoryRow[];
  readonly values: Map<string, string>;
  /** By name; a secret without is one that anyone may use. */
  readonly policies: Map<string, Partial<Policy>>;
  readonly infos: Map<string, Partial<SecretInfo>>;
  /** Questions for `approve`, and its answers, by id. */
  readonly pending: Map<string, PendingApproval>;
  readonly verdicts: Map<string, string>;
  /** Resolves once the questions are as `wanted`. */
  waitForPending(
    wanted: (pending: readonly PendingApproval[]) => boolean,
  ): Promise<readonly PendingApproval[]>;
  /** Calls in order, e.g. `grant`, `exit`; tests add their own marks. */
  readonly log: string[];
  /** When set, every call rejects with it. */
  trouble: Error | undefined;
  /** When set, grants wait for it. */
  gate: Promise<void> | undefined;
  /** Resolves with the first row that satisfies `wanted`, now or later. */
  waitForRow(wanted: (row: MemoryRow) => boolean): Promise<MemoryRow>;
}

export function createMemoryStore(values: Readonly<Record<string, string>>): MemoryStore {
  const waiters = new Set<() => void>();
  const changed = (): void => {
    for (const waiter of waiters) waiter();
  };
  const store: MemoryStore = {
    rows: [],
    values: new Map(Object.entries(values)),
    policies: new Map(),
    infos: new Map(),
    pending: new Map(),
    verdicts: new Map(),
    log: [],
    trouble: undefined,
    gate: undefined,
    async rules(names) {
      if (store.trouble !== undefined) throw store.trouble;
      return names.filter((name) => store.values.has(name)).map((name) => rulesIn(store, name));
    },
    async grant(request): Promise<GrantResult> {
      await store.gate;
      if (store.trouble !== undefined) throw store.trouble;
      store.log.push('grant');
      const unknown = request.names.filter((name) => !store.values.has(name));
      const rules = request.names.map((name) => rulesIn(store, name));
      const isExpected = rules.every((found) => {
        const expected = request.expected?.get(found.info.name);
        if (isLapsed(found, new Date().toISOString())) return false;
        return expected === undefined ? isPlain(found) : isSameDecision(expected, found);
      });
      if (unknown.length === 0 && !isExpected) return { kind: 'changed', rules };
      store.rows.push({
        ...request,
        outcome: unknown.length === 0 ? 'ran' : 'denied',
        exitCode: null,
      });
      changed();
      if (unknown.length > 0) return { kind: 'unknown', names: unknown };
      const found = request.names.map((name) => new Secret(store.values.get(name) ?? ''));
      return { kind: 'granted', values: found };
    },
    async deny(request): Promise<void> {
      if (store.trouble !== undefined) throw store.trouble;
      store.log.push('deny');
      store.rows.push({ ...request, outcome: 'denied', exitCode: null });
      changed();
    },
    async postApproval(pending) {
      if (store.trouble !== undefined) throw store.trouble;
      store.pending.set(pending.id, pending);
      changed();
    },
    async verdictOf(id) {
      return store.verdicts.get(id);
    },
    async withdrawApproval(id) {
      store.pending.delete(id);
      changed();
    },
    async waitForPending(wanted) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!wanted([...store.pending.values()])) return;
          waiters.delete(look);
          resolve([...store.pending.values()]);
        };
        waiters.add(look);
        look();
      });
    },
    async recordExit(operation, exitCode): Promise<void> {
      if (store.trouble !== undefined) throw store.trouble;
      store.log.push('exit');
      const row = store.rows.find((candidate) => candidate.operation === operation);
      if (row !== undefined) row.exitCode ??= exitCode;
      changed();
    },
    async waitForRow(wanted) {
      return new Promise((resolve) => {
        const look = (): void => {
          const row = store.rows.find(wanted);
          if (row === undefined) return;
          waiters.delete(look);
          resolve(row);
        };
        waiters.add(look);
        look();
      });
    },
  };
  return store;
}

function rulesIn({ infos, policies }: MemoryStore, name: string): Rules {
  return rulesWith(policies.get(name), { name, ...infos.get(name) });
}

/** The rules of a secret, `gh` unless it has another name, with nothing set but this. */
export function rulesWith(policy: Partial<Policy> = {}, info: Partial<SecretInfo> = {}): Rules {
  return {
    info: {
      name: 'gh',
      provider: null,
      account: null,
      environment: null,
      access: null,
      tags: '',
      description: null,
      created_at: '2026-01-01T00:00:00.000Z',
      last_used_at: null,
      ...info,
    },
    policy: { ...NO_POLICY, ...policy },
  };
}
