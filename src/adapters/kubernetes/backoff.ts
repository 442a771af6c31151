/** Waits between attempts that fail in a row. */
export type Backoff = {
  /** Milliseconds to wait now; longer each time. */
  next(): number;
  /** After a success: the next wait is a first one again. */
  reset(): void;
};

/**
 * Doubling from `first` to `limit`, in milliseconds, each wait drawn from the upper half of its step: a thousand watches that one API server's
 * restart has ended must not come back at one instant (0.8 s and 30 s are client-go's figures for its reflector).
 * @param random Uniform in [0, 1).
 */
export function backoff({ first = 800, limit = 30_000, random }: { first?: number; limit?: number; random: () => number }): Backoff {
  let step = first * 2;
  return {
    next() {
      const top = Math.min(step, limit);
      step = top * 2;
      return top / 2 + (random() * top) / 2;
    },
    reset() {
      step = first * 2;
    },
  };
}
