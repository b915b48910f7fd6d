import { aborted, follow } from '../base/abort.ts';
import { isSameDecision, type Approval, type Rules } from '../vault/rules.ts';
import type { ApprovalRequest, Verdict } from './approval.ts';
import { ask, type AskOptions } from './question.ts';

/** Gets a human's yes, or not. */
export interface Approver {
  /** Never rejects; `signal` aborts when nobody waits for the answer any more. */
  approve(question: Question, signal: AbortSignal | undefined): Promise<Outcome>;
  /** Resolves when no question is left anywhere. */
  settle(): Promise<void>;
}

export interface Question {
  readonly asked: readonly Asked[];
  /** Real path of what is to run, as it is. */
  readonly file: string | undefined;
  /** Pid of what is to become the program; undefined where another process is. */
  readonly process?: number | undefined;
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

export interface ApproverOptions extends AskOptions {
  /** What VAULT_SHELL_APPROVE says to everything: nobody is asked then. */
  readonly verdict?: Verdict | undefined;
  readonly timeoutMs?: number | undefined;
}

interface Remembered {
  readonly rules: Rules;
  readonly how: string;
  readonly until: number;
}

/** Time to find the other terminal, read and type; the hook waits longer (VS_ANSWER_TIMEOUT_MS). */
export const APPROVAL_TIMEOUT_MS = 60_000;
/** A yes is not for ever, however long a session goes on. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
/** A shell that was refused a program tries the next directory of PATH: the same program, by another name. */
const REFUSED_MS = 5000;
/** Why a question was given up; any other reason: who asked is gone. */
const TIMED_OUT = 'timed out';

/** Makes one for a session. It asks one question at a time; the others wait, and their time goes on. */
export function createApprover(options: ApproverOptions): Approver {
  const { verdict, timeoutMs = APPROVAL_TIMEOUT_MS } = options;
  const memory = new Map<string, Remembered>();
  const refusals = new Map<string, { readonly outcome: Outcome; readonly until: number }>();
  let lastTurn: Promise<unknown> = Promise.resolve();

  const wasRefused = (question: Question): Outcome | undefined => {
    for (const [key, { until }] of refusals) if (until <= performance.now()) refusals.delete(key);
    return refusals.get(attemptOf(question) ?? '')?.outcome;
  };

  const recall = ({ rules }: Asked, file: string | undefined): string | undefined => {
    const known = memory.get(keyOf(rules, file));
    if (known === undefined || known.until <= performance.now()) return undefined;
    // Of a secret that has become another matter since, nobody has said anything.
    return isSameDecision(known.rules, rules) ? known.how : undefined;
  };

  const remember = (question: Question, given: Verdict, by: string): void => {
    const { file } = question;
    if (file === undefined) return;
    for (const { rules, approval } of question.asked) {
      if (given !== 'session' && approval !== 'session') continue;
      const until = performance.now() + REMEMBERED_MS;
      memory.set(keyOf(rules, file), { rules, how: `session by ${by}`, until });
    }
  };

  const askInTurn = async (question: Question, signal: AbortSignal): Promise<Outcome> => {
    const { file } = question;
    const open = question.asked.filter((asked) => recall(asked, file) === undefined);
    const hows = question.asked.map((asked) => recall(asked, file));
    if (open.length > 0) {
      const secrets = open.map(({ rules }) => rules.info);
      const request = { ...question.request, secrets };
      const answer = await ask(options, request, timeoutMs, signal);
      if (answer.verdict === undefined) return unanswered(open, signal, timeoutMs);
      if (answer.verdict === 'deny') return refused(open, answer.by);
      remember({ ...question, asked: open }, answer.verdict, answer.by);
      hows.push(`${answer.verdict} by ${answer.by}`);
    }
    const how = [...new Set(hows.filter((each) => each !== undefined))].join(', ');
    return { kind: 'approved', how };
  };

  return {
    async settle() {
      await lastTurn;
    },
    async approve(question, gone) {
      if (verdict === 'deny') return refused(question.asked, 'VAULT_SHELL_APPROVE');
      if (verdict !== undefined) {
        return { kind: 'approved', how: `${verdict} by VAULT_SHELL_APPROVE` };
      }
      const before = wasRefused(question);
      if (before !== undefined) return before;
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
        const outcome = await Promise.race([
          turn,
          aborted(signal).then(() => unanswered(question.asked, signal, timeoutMs)),
        ]);
        const attempt = attemptOf(question);
        if (outcome.kind === 'refused' && attempt !== undefined) {
          refusals.set(attempt, { outcome, until: performance.now() + REFUSED_MS });
        }
        return outcome;
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

function attemptOf({ asked, file, process }: Question): string | undefined {
  return process === undefined ? undefined : [process, file, namesOf(asked)].join('\0');
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
