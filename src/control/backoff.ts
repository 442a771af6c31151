export type BackoffOptions = {
  /** Seconds before the first retry. */
  readonly first: number;
  /** Longest wait in seconds. */
  readonly max: number;
  /** In [0, 1). */
  readonly random: () => number;
};

/**
 * Seconds to wait before retry number `attempt` (0 for the first): doubling up to `max`, of which a random half is taken away
 * ("equal jitter"), so that a thousand requests which failed together do not come back together.
 */
export function backoff(attempt: number, { first, max, random }: BackoffOptions): number {
  const full = Math.min(max, first * 2 ** Math.min(attempt, 30));
  return full / 2 + (full / 2) * random();
}
