import type { ApprovalRequest, Verdict } from '../broker/approval.ts';
import { deferred } from './deferred.ts';
import { layOut, type Page } from './dialog-text.ts';
import type { Stage } from './dialog.ts';
import { isMovement, readKeys, type Key, type Movement } from './keys.ts';

/** Before that nobody can have read what is asked. */
const UNREADABLE_MS = 500;
/** So long nothing must have come before a key is taken: nobody is in the middle of typing or pasting. */
const QUIET_MS = 200;
/** A terminal sends a sequence at once; ESC with nothing after it is the key. */
const ESCAPE_MS = 50;

/** One request on the stage. */
export type Conversation = {
  readonly verdict: Promise<Verdict>;
  readonly redraw: () => void;
};

/** Shows a request, on a stage that was entered, until it is answered or `signal` aborts, which denies. */
export function converse(
  stage: Stage,
  request: ApprovalRequest,
  signal: AbortSignal,
): Conversation {
  const { promise: verdict, resolve } = deferred<Verdict>();
  const keys = readKeys();
  let state: 'not shown' | 'waiting' | 'ready' | 'ended' = 'not shown';
  let shownAt = 0;
  let page: Page | undefined;
  let top = 0;
  let timer: NodeJS.Timeout | undefined;

  async function draw(): Promise<void> {
    const isReady = state === 'ready';
    page = layOut({ request, size: stage.size(), top, isReady, colour: stage.colour });
    top = Math.min(top, page.lastTop);
    await stage.show(page.text);
  }

  function after(ms: number, then: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  }

  async function begin(): Promise<void> {
    await draw();
    shownAt = performance.now();
    if (state === 'not shown') await wait();
  }

  /** Takes no key until it has been quiet: what comes was not typed for us. */
  async function wait(): Promise<void> {
    const wasReady = state === 'ready';
    state = 'waiting';
    after(Math.max(QUIET_MS, shownAt + UNREADABLE_MS - performance.now()), () => {
      keys.pause();
      state = 'ready';
      void draw();
    });
    if (wasReady) await draw();
  }

  function take(bytes: Uint8Array): void {
    const read = keys.read(bytes);
    if (state === 'waiting') void wait();
    if (state !== 'ready') return;
    const [key] = read;
    if (key === undefined) after(ESCAPE_MS, takeEscape);
    else if (read.every(isMovement)) read.forEach(scroll);
    else if (key === 'other' || isMovement(key)) void wait();
    else end(verdictOf(key));
  }

  function takeEscape(): void {
    if (keys.pause() === 'escape') end('deny');
    // The beginning of a paste, or of a sequence whose rest is late.
    else void wait();
  }

  function scroll(key: Movement): void {
    if (page === undefined) return;
    top = move(key, top, page);
    void draw();
  }

  function end(answer: Verdict): void {
    state = 'ended';
    clearTimeout(timer);
    signal.removeEventListener('abort', deny);
    resolve(answer);
  }
  function deny(): void {
    end('deny');
  }

  signal.addEventListener('abort', deny);
  if (signal.aborted) deny();
  else {
    stage.listen(take);
    void begin();
  }
  return { verdict, redraw: () => void draw() };
}

function verdictOf(key: Exclude<Key, Movement>): Verdict {
  if (key === 'o') return 'once';
  if (key === 's') return 'session';
  return 'deny';
}

function move(key: Movement, top: number, { height, lastTop }: Page): number {
  const steps = { up: -1, down: 1, 'page up': -height, 'page down': height };
  const to = key === 'home' ? 0 : key === 'end' ? lastTop : top + steps[key];
  return Math.max(0, Math.min(lastTop, to));
}
