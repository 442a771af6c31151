import { Unavailable } from './errors.ts';

/** Calls that began within the same second, and the one signal they have: an AbortController for each costs several times what the rest does. */
type Batch = { readonly controller: AbortController; readonly until: number; readonly cuts: Set<(why: Error) => void>; late: boolean };

const BATCH_MS = 1000;

export type DeadlineOptions = {
  readonly seconds: number;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
};

/** Gives calls a time in which they have to be over. */
export class Deadline {
  readonly #options: DeadlineOptions;
  readonly #live = new Set<Batch>();
  #newest: Batch | null = null;
  /** Whose end is the end of all calls. */
  #outer: AbortSignal | null = null;

  constructor(options: DeadlineOptions) {
    this.#options = options;
  }

  /**
   * Settles as the call does, but throws Unavailable when it is not over in time, also if the call heeds no signal. Its signal is aborted soon after
   * that, and when `signal` is.
   */
  async within<T>(signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#follow(signal);
    const batch = this.#batch();
    const { seconds } = this.#options;
    let cut = (_why: Error): void => undefined;
    const over = new Promise<never>((_resolve, reject) => (cut = reject));
    batch.cuts.add(cut);
    const timer = setTimeout(() => {
      batch.late = true;
      cut(new Unavailable(`no answer within ${seconds} s`));
    }, seconds * 1000);
    try {
      return await Promise.race([call(batch.controller.signal), over]);
    } finally {
      clearTimeout(timer);
      batch.cuts.delete(cut);
      if (batch.cuts.size === 0) this.#end(batch);
    }
  }

  #batch(): Batch {
    const now = this.#options.monotonic();
    if (this.#newest === null || this.#newest.until < now || this.#newest.late) this.#newest = { controller: new AbortController(), until: now + BATCH_MS, cuts: new Set(), late: false };
    this.#live.add(this.#newest);
    return this.#newest;
  }

  /** Nobody waits for its calls any more; what is still under way of them should stop. */
  #end(batch: Batch): void {
    this.#live.delete(batch);
    if (batch.late) batch.controller.abort();
  }

  #follow(signal: AbortSignal): void {
    if (signal === this.#outer) return;
    this.#outer = signal;
    signal.addEventListener('abort', () => {
      for (const { controller, cuts } of this.#live) {
        controller.abort();
        for (const cut of cuts) cut(new Unavailable('the process ends'));
      }
    }, { once: true });
  }
}
