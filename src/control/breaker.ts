import { backoff } from './backoff.ts';

export type BreakerOptions = {
  /** So many failures with no answer in between, and the CA is left alone. */
  readonly failures: number;
  /** First and longest pause, in seconds. */
  readonly first: number;
  readonly max: number;
  /** In [0, 1). */
  readonly random: () => number;
};

/** A CA that asks for more is asked again all the same: whoever mends it should not have to wait for a number that was a mistake. */
const MAX_ASKED_SECONDS = 300;

/** One question to the CA, as the breaker counts it. */
export type Trial = { readonly probe: boolean; readonly pauses: number };

type State =
  | { readonly is: 'closed'; readonly failures: number }
  | { readonly is: 'open'; readonly until: number }
  /** The pause is over; one question shows whether the CA is well again. */
  | { readonly is: 'half-open'; readonly probing: boolean };

/**
 * Whether a CA is asked. Closed: it is. Open: it failed too often, and nobody asks for a while. Half-open: one asks. An answer closes it, a
 * failure opens it for longer. A CA that says when to come back is left alone until then, at its first word. Time comes in as milliseconds of a clock
 * that is never set back.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: State = { is: 'closed', failures: 0 };
  /** Pauses since the last answer. */
  #round = 0;
  /** Pauses ever: what was asked before one says nothing about the time after it. */
  #pauses = 0;

  constructor({ failures = 5, first = 1, max = 30, random = Math.random }: Partial<BreakerOptions> = {}) {
    this.#options = { failures, first, max, random };
  }

  /** Milliseconds until somebody may ask; 0: now. Infinity: somebody is asking, and what comes of it is waited for. */
  wait(now: number): number {
    switch (this.#state.is) {
      case 'closed':
        return 0;
      case 'open':
        return Math.max(0, this.#state.until - now);
      case 'half-open':
        return this.#state.probing ? Infinity : 0;
    }
  }

  get closed(): boolean {
    return this.#state.is === 'closed';
  }

  /** The CA is asked, which `wait` allowed. */
  ask(): Trial {
    const probe = this.#state.is !== 'closed';
    if (probe) this.#state = { is: 'half-open', probing: true };
    return { probe, pauses: this.#pauses };
  }

  /** It answered, if only with a refusal. Says whether that ends a pause. */
  answered({ probe, pauses }: Trial): boolean {
    if (pauses !== this.#pauses) return false;
    this.#state = { is: 'closed', failures: 0 };
    this.#round = 0;
    return probe;
  }

  /**
   * It did not answer, or said that it cannot now and, perhaps, for how many seconds. Returns the seconds of the pause that this begins; null: none.
   * @param atOnce However few failures there were.
   */
  failed({ probe, pauses }: Trial, now: number, { retryAfter = null, atOnce = false }: { retryAfter?: number | null; atOnce?: boolean } = {}): number | null {
    if (pauses !== this.#pauses) return null;
    const failures = this.#state.is === 'closed' ? this.#state.failures + 1 : 0;
    if (!probe && !atOnce && (retryAfter ?? 0) <= 0 && failures < this.#options.failures) {
      this.#state = { is: 'closed', failures };
      return null;
    }
    const seconds = Math.max(Math.min(retryAfter ?? 0, MAX_ASKED_SECONDS), backoff(this.#round, this.#options));
    this.#state = { is: 'open', until: now + seconds * 1000 };
    this.#round += 1;
    this.#pauses += 1;
    return seconds;
  }

  /** It was not asked after all. */
  notAsked({ probe, pauses }: Trial): void {
    if (probe && pauses === this.#pauses && this.#state.is === 'half-open') this.#state = { is: 'half-open', probing: false };
  }

  /** The CA is another one now: a pause is over. */
  renew(): void {
    if (this.#state.is === 'open') this.#state = { is: 'half-open', probing: false };
    this.#round = 0;
  }
}
