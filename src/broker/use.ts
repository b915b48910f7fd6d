import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Rules } from '../vault/rules.ts';
import type { Asked } from './approver.ts';
import { decideUse } from './policy.ts';
import type { ResolveRequest } from './resolve.ts';

/** What is to become of the names of a request. */
export type UsePlan =
  | { readonly kind: 'deny'; readonly reason: string }
  | {
      readonly kind: 'use';
      /** In the order of the request. */
      readonly names: readonly string[];
      /** Names whose placeholders stay text, and why. */
      readonly texts: ReadonlyMap<string, string>;
      /** Those of `names` that a human is to approve. */
      readonly ask: readonly Asked[];
    };

/**
 * Decides for all names of a request: all or nothing, but for those that may stay text. A name without
 * rules counts as one that anyone may use; the grant finds out whether that is so.
 */
export async function planUse(
  request: ResolveRequest,
  rules: ReadonlyMap<string, Rules>,
): Promise<UsePlan> {
  const names: string[] = [];
  const texts = new Map<string, string>();
  const ask: Asked[] = [];
  const sha256 = wantsHash(request, rules) ? await hashOf(request.file) : undefined;
  const now = new Date().toISOString();
  for (const name of request.names) {
    const known = rules.get(name);
    if (known === undefined) {
      names.push(name);
      continue;
    }
    const decision = decideUse(known, {
      file: request.file,
      sha256,
      cwd: request.cwd,
      exposures: request.exposures?.get(name) ?? [],
      optional: request.optional?.has(name) === true,
      now,
    });
    switch (decision.kind) {
      case 'allow':
        names.push(name);
        break;
      case 'ask':
        names.push(name);
        ask.push({ rules: known, approval: decision.approval });
        break;
      case 'text':
        texts.set(name, decision.reason);
        break;
      case 'deny':
        return decision;
      default:
        return { kind: 'deny', reason: `${name} cannot be decided on` };
    }
  }
  return { kind: 'use', names, texts, ask };
}

/** Programs are read only where a policy wants to know: some have a hundred megabytes. */
function wantsHash({ file, names }: ResolveRequest, rules: ReadonlyMap<string, Rules>): boolean {
  return names.some((name) =>
    rules
      .get(name)
      ?.policy.programs?.some((program) => program.path === file && program.sha256 !== null),
  );
}

/** Gives the sha256 of a file in hex; undefined when it cannot be read. */
export async function hashOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}
