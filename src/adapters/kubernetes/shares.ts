import type { Rate } from '../../core/limits.ts';
import { RateMeter } from '../../core/rate-meter.ts';

export type SharesOptions = {
  /** For each key; `burst` at once after a rest. */
  readonly rate: Rate & { readonly burst: number };
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
  /** Keys remembered; the one that was not used for longest makes room. */
  readonly limit?: number;
};

/** A rate limit for each key: whether one may go for it now, which it then does. What one key does costs another nothing. */
export function shares({ rate, monotonic, limit = 1_000 }: SharesOptions): (key: string) => boolean {
  const meters = new Map<string, RateMeter>();
  return (key) => {
    const meter = meters.get(key) ?? new RateMeter(rate);
    meters.delete(key);
    meters.set(key, meter);
    const [oldest] = meters.keys();
    if (meters.size > limit && oldest !== undefined) meters.delete(oldest);
    return meter.tryTake(monotonic()) === 0;
  };
}
