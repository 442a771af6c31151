import { backoff } from './backoff.ts';

/** What became of one piece of work: finished, or to be tried again (`retryAfter` seconds at least; null: backoff alone). */
export type Outcome = 'done' | { readonly retryAfter: number | null };

export type QueueOptions = {
  /** Does the work on one name. Never called twice at once for the same name. */
  readonly work: (name: string, signal: AbortSignal) => Promise<Outcome>;
  /** Told of an exception that `work` should not have thrown; the name is retried slowly. */
  readonly onBug: (name: string, error: unknown) => void;
  /** Names worked on at the same time. */
  readonly concurrency?: number;
  readonly random?: () => number;
  /** Runs a function in another turn of the event loop. */
  readonly nextTurn?: (run: () => void) => void;
  /** First and longest wait of a retry, in seconds. */
  readonly backoff?: { readonly first: number; readonly max: number };
  /** Seconds that work in flight has to finish after the end was called for; then its own signal is aborted. */
  readonly grace?: number;
};

/** A bug is not gone in milliseconds; this many seconds keep it from filling the log and the CPU. */
const BUG_RETRY_SECONDS = 60;
/** setTimeout takes 31 bits of milliseconds and fires at once beyond: a Retry-After of a year must not become a busy loop. */
const MAX_WAIT_SECONDS = 24 * 3600;

/**
 * A queue of names. A name waits once however often it is added; added while it is worked on, it is worked on again afterwards.
 * Every group (the signer) has a lane and the lanes take turns, so that a flood in one tenant delays another by one turn and not
 * by its length. Ends with the signal: what runs is awaited by `onIdle`, what waits is dropped.
 */
export class Queue {
  readonly #options: Required<QueueOptions>;
  readonly #signal: AbortSignal;
  readonly #lanes = new Map<string, Set<string>>();
  readonly #groups = new Map<string, string>();
  readonly #running = new Set<string>();
  /** Names added while they were worked on. */
  readonly #again = new Set<string>();
  readonly #attempts = new Map<string, number>();
  readonly #timers = new Map<string, { readonly timer: NodeJS.Timeout; readonly group: string }>();
  /** The signal of the work itself: a write that is on its way when the end is called for is let to its end. */
  readonly #cut = new AbortController();
  #idle: (() => void)[] = [];
  /** A start is due in the next turn of the event loop. */
  #filling = false;

  constructor(options: QueueOptions, signal: AbortSignal) {
    this.#options = { concurrency: 32, random: Math.random, nextTurn: (run) => void setImmediate(run), backoff: { first: 0.1, max: 30 }, grace: 5, ...options };
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#abandon(), { once: true });
  }

  /** Names that wait for their turn, and names that wait for a retry. */
  get size(): number {
    return this.#groups.size + this.#timers.size;
  }

  /** Asks for work on `name`, in the lane of `group`. News of a name ends the wait for its retry. */
  add(name: string, group: string): void {
    if (this.#signal.aborted) return;
    this.#cancelRetry(name);
    if (this.#running.has(name)) {
      this.#again.add(name);
      this.#groups.set(name, group);
      return;
    }
    if (this.#groups.has(name)) return;
    this.#groups.set(name, group);
    this.#enqueue(name, group);
    this.#fill();
  }

  /** Whatever the group waited for may be there now: its retries come at once. */
  nudge(group: string): void {
    for (const [name, waiting] of [...this.#timers]) if (waiting.group === group) this.add(name, group);
  }

  /** Settles when nothing waits and nothing runs (retries in the future count as waiting), or the queue has ended. */
  async onIdle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #enqueue(name: string, group: string): void {
    const lane = this.#lanes.get(group) ?? new Set();
    lane.add(name);
    this.#lanes.set(group, lane);
  }

  /**
   * Starts what may run, one name in each turn of the event loop: what a name computes before its first wait would otherwise be done for
   * every name of a burst before the first one's write is on the wire.
   */
  #fill(): void {
    if (this.#filling || this.#lanes.size === 0 || this.#running.size >= this.#options.concurrency) return;
    this.#filling = true;
    this.#options.nextTurn(() => {
      this.#filling = false;
      this.#startOne();
      this.#fill();
    });
  }

  #startOne(): void {
    if (this.#signal.aborted) return;
    const name = this.#takeTurn();
    if (name === undefined) return;
    const group = this.#groups.get(name) ?? '';
    this.#groups.delete(name);
    this.#running.add(name);
    void this.#run(name, group); // Settles always: #run catches everything and ends in #finish.
  }

  /** The first name of the first lane; the lane goes to the end of the line. */
  #takeTurn(): string | undefined {
    for (const [group, lane] of this.#lanes) {
      this.#lanes.delete(group);
      const [name] = lane;
      if (name === undefined) continue;
      lane.delete(name);
      if (lane.size > 0) this.#lanes.set(group, lane);
      return name;
    }
    return undefined;
  }

  async #run(name: string, group: string): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await this.#options.work(name, this.#cut.signal);
    } catch (error) {
      if (!this.#cut.signal.aborted) this.#options.onBug(name, error);
      outcome = { retryAfter: BUG_RETRY_SECONDS };
    }
    this.#finish(name, group, outcome);
  }

  #finish(name: string, group: string, outcome: Outcome): void {
    this.#running.delete(name);
    if (outcome === 'done') this.#attempts.delete(name);
    if (this.#again.delete(name)) this.#enqueue(name, this.#groups.get(name) ?? group);
    else if (outcome !== 'done' && !this.#signal.aborted) this.#retry(name, group, outcome.retryAfter);
    this.#fill();
    this.#settleIdle();
  }

  #retry(name: string, group: string, retryAfter: number | null): void {
    const attempt = this.#attempts.get(name) ?? 0;
    this.#attempts.set(name, attempt + 1);
    const seconds = Math.min(MAX_WAIT_SECONDS, Math.max(retryAfter ?? 0, backoff(attempt, { ...this.#options.backoff, random: this.#options.random })));
    this.#timers.set(name, { timer: setTimeout(() => this.add(name, group), seconds * 1000), group });
  }

  #cancelRetry(name: string): void {
    clearTimeout(this.#timers.get(name)?.timer);
    this.#timers.delete(name);
  }

  #abandon(): void {
    setTimeout(() => this.#cut.abort(), this.#options.grace * 1000).unref();
    for (const name of this.#timers.keys()) this.#cancelRetry(name);
    this.#lanes.clear();
    this.#groups.clear();
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
