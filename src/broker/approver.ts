import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval, Rules } from '../vault/rules.ts';
import type { ApprovalStore } from '../vault/types.ts';
import type { ApprovalRequest, AskHuman, Verdict } from './approval.ts';

/** Gets a human's yes, or not. */
export interface Approver {
  /** Never rejects; `signal` aborts when nobody waits for the answer any more. */
  approve(question: Question, signal: AbortSignal | undefined): Promise<Outcome>;
}

export interface Question {
  readonly asked: readonly Asked[];
  /** Real path of what is to run, as it is. */
  readonly file: string | undefined;
  /** What a human is told; the rest is filled in. */
  readonly request: Omit<ApprovalRequest, 'id' | 'secrets' | 'session'>;
}

/** A secret that needs an approval. */
export interface Asked {
  readonly rules: Rules;
  readonly approval: Exclude<Approval, 'never'>;
}

export type Outcome =
  /** `how` is for the log. */
  | { readonly kind: 'approved'; readonly how: string }
  /** `unanswered`: nobody said no. */
  | { readonly kind: 'refused'; readonly reason: string; readonly unanswered: boolean };

export interface ApproverOptions {
  readonly store: ApprovalStore;
  readonly session: string;
  /** Asks where the session itself can. */
  readonly askHuman?: AskHuman | undefined;
  /** What VAULT_SHELL_APPROVE says to everything: nobody is asked then. */
  readonly verdict?: Verdict | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Time to find the other terminal, read and type; the hook waits longer (VS_ANSWER_TIMEOUT_MS). */
export const APPROVAL_TIMEOUT_MS = 60_000;
/** A yes is not for ever, however long a session goes on. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
/** How often the shared file is looked at for an answer. */
const POLL_MS = 300;
/** Why a question was given up; any other reason: who asked is gone. */
const TIMED_OUT = 'timed out';

/** Makes one for a session. It asks one question at a time; the others wait, and their time goes on. */
export function createApprover(options: ApproverOptions): Approver {
  const { verdict, timeoutMs = APPROVAL_TIMEOUT_MS } = options;
  const memory = new Map<string, { readonly how: string; readonly until: number }>();
  let lastTurn: Promise<unknown> = Promise.resolve();

  const recall = ({ rules }: Asked, file: string | undefined): string | undefined => {
    const known = memory.get(keyOf(rules, file));
    return known === undefined || known.until <= performance.now() ? undefined : known.how;
  };

  const remember = (question: Question, given: Verdict, by: string): void => {
    const { file } = question;
    if (file === undefined) return;
    for (const { rules, approval } of question.asked) {
      if (given !== 'session' && approval !== 'session') continue;
      const until = performance.now() + REMEMBERED_MS;
      memory.set(keyOf(rules, file), { how: `session by ${by}`, until });
    }
  };

  const askInTurn = async (question: Question, signal: AbortSignal): Promise<Outcome> => {
    const { file } = question;
    const open = question.asked.filter((asked) => recall(asked, file) === undefined);
    const hows = question.asked.map((asked) => recall(asked, file));
    if (open.length > 0) {
      const answer = await ask(options, { ...question, asked: open }, signal);
      if (answer.verdict === undefined) return unanswered(open, signal, timeoutMs);
      if (answer.verdict === 'deny') return refused(open, answer.by);
      remember({ ...question, asked: open }, answer.verdict, answer.by);
      hows.push(`${answer.verdict} by ${answer.by}`);
    }
    const how = [...new Set(hows.filter((each) => each !== undefined))].join(', ');
    return { kind: 'approved', how };
  };

  return {
    async approve(question, gone) {
      if (verdict === 'deny') return refused(question.asked, 'VAULT_SHELL_APPROVE');
      if (verdict !== undefined) {
        return { kind: 'approved', how: `${verdict} by VAULT_SHELL_APPROVE` };
      }
      const asking = new AbortController();
      const { signal } = asking;
      const timer = setTimeout(() => asking.abort(TIMED_OUT), timeoutMs);
      follow(gone, asking);
      const turn = lastTurn.then(() =>
        signal.aborted
          ? unanswered(question.asked, signal, timeoutMs)
          : askInTurn(question, signal),
      );
      lastTurn = turn.catch(() => undefined);
      try {
        // Its turn may come long after its time.
        return await Promise.race([
          turn,
          aborted(signal).then(() => unanswered(question.asked, signal, timeoutMs)),
        ]);
      } catch {
        return refused(question.asked, 'a failure');
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function keyOf({ info }: Rules, file: string | undefined): string {
  return `${info.name}\0${file ?? ''}`;
}

interface Answer {
  readonly verdict: Verdict | undefined;
  readonly by: string;
}

const NO_ANSWER: Answer = { verdict: undefined, by: '' };

/** Asks here and in the shared file at once; the first answer counts, and ends the other question. */
async function ask(
  options: ApproverOptions,
  { asked, request }: Question,
  signal: AbortSignal,
): Promise<Answer> {
  const { askHuman, session } = options;
  const whole: ApprovalRequest = {
    ...request,
    id: randomBytes(4).toString('hex'),
    secrets: asked.map(({ rules }) => rules.info),
    session,
  };
  const over = new AbortController();
  follow(signal, over);
  const ways: Promise<Answer>[] = [
    aborted(signal).then(() => NO_ANSWER),
    askByFile(options, whole, over.signal),
  ];
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
  }
}

/** Never resolves without an answer before `signal` aborts, unless nobody else is asked. */
async function askByFile(
  { store, timeoutMs = APPROVAL_TIMEOUT_MS, askHuman }: ApproverOptions,
  request: ApprovalRequest,
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
    while (!signal.aborted) {
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
      // Busy: the next look will tell.
      const verdict = await store.verdictOf(id).catch(() => undefined);
      if (verdict !== undefined) return { verdict: verdictIn(verdict), by: 'approve' };
    }
    return NO_ANSWER;
  } finally {
    // It expires by itself where that fails.
    await store.withdrawApproval(id).catch(() => undefined);
  }
}

function verdictIn(text: string): Verdict {
  return text === 'once' || text === 'session' ? text : 'deny';
}

/** Not `AbortSignal.any`: in Node.js 20 its signals may be collected before they abort. */
function follow(signal: AbortSignal | undefined, controller: AbortController): void {
  if (signal?.aborted === true) controller.abort(signal.reason);
  signal?.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function refused(asked: readonly Asked[], by: string): Outcome {
  return { kind: 'refused', reason: `${namesOf(asked)} was denied by ${by}`, unanswered: false };
}

function unanswered(asked: readonly Asked[], signal: AbortSignal, timeoutMs: number): Outcome {
  const why = {
    time: `was not approved within ${String(timeoutMs / 1000)} s`,
    gone: 'was not approved while the program waited',
    nobody: "needs a human's approval, and nobody could be asked",
  }[signal.aborted ? (signal.reason === TIMED_OUT ? 'time' : 'gone') : 'nobody'];
  return { kind: 'refused', reason: `${namesOf(asked)} ${why}`, unanswered: true };
}

function namesOf(asked: readonly Asked[]): string {
  return asked.map(({ rules }) => rules.info.name).join(', ');
}
