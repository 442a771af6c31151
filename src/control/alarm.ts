/** Wakes somebody once, at the earliest of the moments it is set to. Holds at most one timer. */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | null = null;
  #at = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  get isSet(): boolean {
    return this.#timer !== null;
  }

  /** Rings in so many milliseconds unless it rings before that anyway; `now` is of the clock that all calls use. Never for Infinity. */
  set(now: number, milliseconds: number): void {
    // Timers of less than a millisecond are timers of one, and may come a fraction too early: a round too many, no harm.
    const at = now + Math.max(1, Math.ceil(milliseconds));
    if (at >= this.#at) return;
    this.clear();
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.clear();
      this.#ring();
    }, at - now);
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#at = Infinity;
  }
}
