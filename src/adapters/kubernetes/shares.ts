import { tokenBucket, type TokenBucketOptions } from './token-bucket.ts';

export type SharesOptions = TokenBucketOptions & {
  /** Keys remembered; the one that was not used for longest makes room. */
  readonly limit?: number;
};

/** A rate limit for each key: whether there is a token for it now, which is taken. What one key does costs another nothing. */
export function shares({ limit = 1_000, ...options }: SharesOptions): (key: string) => boolean {
  const buckets = new Map<string, () => number>();
  return (key) => {
    const take = buckets.get(key) ?? tokenBucket(options);
    buckets.delete(key);
    buckets.set(key, take);
    const [oldest] = buckets.keys();
    if (buckets.size > limit && oldest !== undefined) buckets.delete(oldest);
    return take() === 0;
  };
}
