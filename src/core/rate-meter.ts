import type { Rate } from './limits.ts';

/** Sums of fractions of a millisecond are not exact. */
const EXACT_MS = 1e-6;

/**
 * Keeps a rate: after a rest as many as the rate counts may go at once, or `burst`, and then they go evenly. Time comes in as milliseconds of a clock that is never
 * set back. The whole state is one number, the moment by which all that went would have gone evenly (the "generic cell rate algorithm",
 * ITU-T I.371 annex A).
 */
export class RateMeter {
  readonly #interval: number;
  readonly #ahead: number;
  #due = -Infinity;

  constructor({ count, seconds, burst = count }: Rate & { readonly burst?: number }) {
    this.#interval = (seconds * 1000) / count;
    this.#ahead = (burst - 1) * this.#interval;
  }

  /** Milliseconds until the next may go; 0: now. */
  wait(now: number): number {
    const wait = this.#due - this.#ahead - now;
    return wait < EXACT_MS ? 0 : wait;
  }

  /** One goes. */
  take(now: number): void {
    this.#due = Math.max(this.#due, now) + this.#interval;
  }

  /** One goes if it may; as `wait`. */
  tryTake(now: number): number {
    const wait = this.wait(now);
    if (wait === 0) this.take(now);
    return wait;
  }

  /** One that was to go did not. */
  giveBack(): void {
    this.#due -= this.#interval;
  }

  /** Whether it has forgotten everything: a new one would do as well. */
  isRested(now: number): boolean {
    return this.#due <= now;
  }
}
