import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { aborted, follow } from '../base/abort.ts';
import type { ApprovalStore } from '../vault/types.ts';
import type { ApprovalRequest, AskHuman, Verdict } from './approval.ts';

/** Where a human is asked. */
export interface AskOptions {
  readonly store: ApprovalStore;
  readonly session: string;
  /** Asks where the session itself can. */
  readonly askHuman?: AskHuman | undefined;
}

export interface Answer {
  /** Undefined: nobody answered. */
  readonly verdict: Verdict | undefined;
  /** The way it came, for the log. */
  readonly by: string;
}

/** How often the shared file is looked at for an answer. */
const POLL_MS = 300;

const NO_ANSWER: Answer = { verdict: undefined, by: '' };

/**
 * Asks here and in the shared file at once; the first answer counts, and ends the other question. In the file nothing is
 * left of it by then.
 */
export async function ask(
  options: AskOptions,
  request: Omit<ApprovalRequest, 'id' | 'session'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Answer> {
  const { askHuman, session } = options;
  const whole: ApprovalRequest = {
    ...request,
    id: randomBytes(4).toString('hex'),
    session,
  };
  const over = new AbortController();
  follow(signal, over);
  const byFile = askByFile(options, whole, timeoutMs, over.signal);
  const ways: Promise<Answer>[] = [aborted(signal).then(() => NO_ANSWER), byFile];
  if (askHuman !== undefined) {
    ways.push(
      askHuman(whole, over.signal).then(
        (verdict) => ({ verdict: verdictIn(verdict), by: 'dialog' }),
        () => ({ verdict: 'deny', by: 'dialog' }),
      ),
    );
  }
  try {
    return await Promise.race(ways);
  } finally {
    over.abort();
    await byFile;
  }
}

/** Never resolves without an answer before `signal` aborts, unless nobody else is asked. */
async function askByFile(
  { store, askHuman }: AskOptions,
  request: ApprovalRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Answer> {
  const { id, secrets, command, cwd, file, asker, session } = request;
  const now = Date.now();
  try {
    await store.postApproval({
      id,
      created: new Date(now).toISOString(),
      session,
      secrets: secrets.map(({ name }) => name).join(','),
      command,
      cwd,
      file: file ?? null,
      asker: asker === undefined ? null : JSON.stringify(asker),
      expires: new Date(now + timeoutMs).toISOString(),
    });
  } catch {
    if (askHuman !== undefined) await aborted(signal);
    return NO_ANSWER;
  }
  try {
    for (;;) {
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return NO_ANSWER;
      // Busy: the next look will tell.
      const verdict = await store.verdictOf(id).catch(() => undefined);
      if (verdict !== undefined) return { verdict: verdictIn(verdict), by: 'approve' };
    }
  } finally {
    // It expires by itself where that fails.
    await store.withdrawApproval(id).catch(() => undefined);
  }
}

function verdictIn(text: string): Verdict {
  return text === 'once' || text === 'session' ? text : 'deny';
}
