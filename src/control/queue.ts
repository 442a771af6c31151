import { backoff } from './backoff.ts';
import { Slots, type Slot } from './slots.ts';

/** What became of one piece of work: finished, or to be tried again (`retryAfter` seconds at least; null: backoff alone). */
export type Outcome = 'done' | { readonly retryAfter: number | null };

export type QueueOptions = {
  /** Does the work on one name. Never called twice at once for the same name. What may take long is waited for by `slot.patiently`. */
  readonly work: (name: string, signal: AbortSignal, slot: Slot) => Promise<Outcome>;
  /** Told of an exception that `work` should not have thrown; the name is retried slowly. */
  readonly onBug: (name: string, error: unknown) => void;
  /** Names worked on at the same time. */
  readonly concurrency?: number;
  readonly random?: () => number;
  /** Runs a function in another turn of the event loop. */
  readonly nextTurn?: (run: () => void) => void;
  /** First and longest wait of a retry, in seconds. */
  readonly backoff?: { readonly first: number; readonly max: number };
  /** Seconds after which work that waits patiently gives its place up to others. */
  readonly slowAfter?: number;
  /** Seconds that work in flight has to finish after the end was called for; then its own signal is aborted. */
  readonly grace?: number;
};

/**
 * As many as there are connections to the API server: with more of them the writes of a flood would queue there, where no lane has a turn. A
 * quiet tenant's slowest certificate beside a flood takes as long as with a process of its own so, and half as long again with twice as many.
 */
const CONCURRENCY = 16;

/** A bug is not gone in milliseconds; this many seconds keep it from filling the log and the CPU. */
const BUG_RETRY_SECONDS = 60;
/** setTimeout takes 31 bits of milliseconds and fires at once beyond: a Retry-After of a year must not become a busy loop. */
const MAX_WAIT_SECONDS = 24 * 3600;

/** A CA in this process, or one that is near, has answered by then; and nobody else notices a slot that is held for so long. */
const SLOW_SECONDS = 0.05;

/** Whose a name is, and where it waits: in which lane, and as whose turn in it. */
type Where = { readonly group: string; readonly lane: string; readonly member: string };
type Retry = { readonly where: Where; readonly timer: NodeJS.Timeout };

/**
 * A queue of names. A name waits once however often it is added; added while it is worked on, it is worked on again afterwards.
 * Lanes take turns, and within a lane its members (who asks), see Slots. What waits is told, and called, by group (the signer). Ends with the signal: what runs is awaited by
 * `onIdle`, what waits is dropped.
 */
export class Queue {
  readonly #options: Required<QueueOptions>;
  readonly #signal: AbortSignal;
  readonly #slots: Slots;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  /** Names added while they were worked on. */
  readonly #again = new Map<string, Where>();
  readonly #attempts = new Map<string, number>();
  readonly #retries = new Map<string, Retry>();
  readonly #retriesOf = new Map<string, Set<string>>();
  /** The signal of the work itself: a write that is on its way when the end is called for is let to its end. */
  readonly #cut = new AbortController();
  #idle: (() => void)[] = [];

  constructor(options: QueueOptions, signal: AbortSignal) {
    this.#options = { concurrency: CONCURRENCY, random: Math.random, nextTurn: (run) => void setImmediate(run), backoff: { first: 0.1, max: 30 }, slowAfter: SLOW_SECONDS, grace: 5, ...options };
    this.#signal = signal;
    this.#slots = new Slots({ count: this.#options.concurrency, nextTurn: this.#options.nextTurn, slowAfter: this.#options.slowAfter * 1000 });
    signal.addEventListener('abort', () => this.#abandon(), { once: true });
  }

  /** Names that wait for their turn, and names that wait for a retry. */
  get size(): number {
    return this.#waiting.size + this.#again.size + this.#retries.size;
  }

  /** Of one group: how many names wait for their turn, are worked on, and wait for a retry. */
  waiting(group: string): { readonly turn: number; readonly running: number; readonly retry: number } {
    return { turn: this.#slots.waiting(group), running: this.#slots.begun(group), retry: this.#retriesOf.get(group)?.size ?? 0 };
  }

  /** Asks for work on `name` of `group`, in a lane, the group's own by default, where `member` has a turn like every other. News of a name ends the wait for its retry. */
  add(name: string, group: string, { lane = group, member = '' }: { readonly lane?: string; readonly member?: string } = {}): void {
    this.#add(name, { group, lane, member });
  }

  /** There is nothing left to do about this name: a retry that is due in an hour need not be kept for it. */
  forget(name: string): void {
    this.#cancelRetry(name);
    if (!this.#running.has(name)) this.#attempts.delete(name);
    this.#settleIdle();
  }

  /** Whatever the group waited for may be there now: its retries come at once. */
  nudge(group: string): void {
    for (const name of [...(this.#retriesOf.get(group) ?? [])]) {
      const retry = this.#retries.get(name);
      if (retry !== undefined) this.#add(name, retry.where);
    }
  }

  /** Settles when nothing waits and nothing runs (retries in the future count as waiting), or the queue has ended. */
  async onIdle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #add(name: string, where: Where): void {
    if (this.#signal.aborted) return;
    if (this.#retries.size > 0) this.#cancelRetry(name);
    if (this.#running.has(name)) this.#again.set(name, where);
    else this.#enqueue(name, where);
  }

  #enqueue(name: string, where: Where): void {
    if (this.#waiting.has(name)) return;
    this.#waiting.add(name);
    this.#slots.ask(where.lane, where.member, (slot) => {
      this.#waiting.delete(name);
      this.#running.add(name);
      void this.#run(name, where, slot); // Settles always: #run catches everything and ends in #finish.
    }, where.group);
  }

  async #run(name: string, where: Where, slot: Slot): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await this.#options.work(name, this.#cut.signal, slot);
    } catch (error) {
      if (!this.#cut.signal.aborted) this.#options.onBug(name, error);
      outcome = { retryAfter: BUG_RETRY_SECONDS };
    }
    this.#finish(name, where, outcome);
    slot.end();
    this.#settleIdle();
  }

  #finish(name: string, where: Where, outcome: Outcome): void {
    this.#running.delete(name);
    if (outcome === 'done') this.#attempts.delete(name);
    const again = this.#again.get(name);
    if (again !== undefined) {
      this.#again.delete(name);
      this.#enqueue(name, again);
    } else if (outcome !== 'done' && !this.#signal.aborted) this.#retry(name, where, outcome.retryAfter);
  }

  #retry(name: string, where: Where, retryAfter: number | null): void {
    const attempt = this.#attempts.get(name) ?? 0;
    this.#attempts.set(name, attempt + 1);
    const seconds = Math.min(MAX_WAIT_SECONDS, Math.max(retryAfter ?? 0, backoff(attempt, { ...this.#options.backoff, random: this.#options.random })));
    this.#retries.set(name, { where, timer: setTimeout(() => this.#add(name, where), seconds * 1000) });
    const names = this.#retriesOf.get(where.group);
    if (names === undefined) this.#retriesOf.set(where.group, new Set([name]));
    else names.add(name);
  }

  #cancelRetry(name: string): void {
    const retry = this.#retries.get(name);
    if (retry === undefined) return;
    clearTimeout(retry.timer);
    this.#retries.delete(name);
    const names = this.#retriesOf.get(retry.where.group);
    names?.delete(name);
    if (names?.size === 0) this.#retriesOf.delete(retry.where.group);
  }

  #abandon(): void {
    setTimeout(() => this.#cut.abort(), this.#options.grace * 1000).unref();
    for (const name of [...this.#retries.keys()]) this.#cancelRetry(name);
    this.#slots.close();
    this.#waiting.clear();
    this.#again.clear();
    this.#settleIdle();
  }

  #isIdle(): boolean {
    return this.#running.size === 0 && this.size === 0;
  }

  #settleIdle(): void {
    if (!this.#isIdle()) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
