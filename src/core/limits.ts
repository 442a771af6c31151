/** So many in so many seconds. */
export type Rate = { readonly count: number; readonly seconds: number };

/** What one signer, and each namespace at it, may use. */
export type Limits = {
  /** Certificates; null: as many as it can make. */
  readonly rate: Rate | null;
  /** Certificates that its CA is asked for at the same time. */
  readonly concurrency: number;
  /** Seconds that its CA may take for one. */
  readonly timeout: number;
  /** The same for each requesting namespace; null: no limit but the signer's. */
  readonly perNamespace: { readonly rate: Rate | null; readonly concurrency: number | null };
};

/**
 * A CA in this process is never asked for so many at once, as the event loop makes them one by one. Half a minute is half of what istiod
 * waits for a certificate: the second attempt still comes in time.
 */
export const DEFAULT_LIMITS: Limits = { rate: null, concurrency: 32, timeout: 30, perNamespace: { rate: null, concurrency: null } };

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const RATE = /^([1-9]\d{0,5})\/(s|m|h)$/;

/** Reads `50/s`, `300/m`, `1000/h`; null for anything else. */
export function parseRate(text: string): Rate | null {
  const [, count, unit] = RATE.exec(text) ?? [];
  return count === undefined || unit === undefined ? null : { count: Number(count), seconds: UNITS[unit] ?? 1 };
}

export function rateText({ count, seconds }: Rate): string {
  return `${count}/${Object.keys(UNITS).find((unit) => UNITS[unit] === seconds) ?? `${seconds}s`}`;
}
