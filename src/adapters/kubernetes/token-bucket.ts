export type TokenBucketOptions = {
  /** Tokens a second. */
  readonly rate: number;
  /** How many may be taken at once after a rest. */
  readonly burst: number;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
};

/** A rate limit. The function takes a token and returns 0, or the milliseconds after which there will be one. */
export function tokenBucket({ rate, burst, monotonic }: TokenBucketOptions): () => number {
  let tokens = burst;
  let filledAt = monotonic();
  return () => {
    const now = monotonic();
    tokens = Math.min(burst, tokens + ((now - filledAt) * rate) / 1000);
    filledAt = now;
    if (tokens < 1) return Math.ceil(((1 - tokens) * 1000) / rate);
    tokens -= 1;
    return 0;
  };
}
