import { z } from 'zod';
import { DEFAULT_LIMITS, parseRate, type Limits, type Rate } from '../core/limits.ts';
import { parseDuration } from '../core/duration.ts';

const RATE_MESSAGE = 'must be a rate such as "50/s", "300/m" or "1000/h": at most 999999 in a second, a minute or an hour';
/** The pattern is for the exported schema: parseRate takes what it takes. */
const rate = z.string(RATE_MESSAGE).regex(/^[1-9]\d{0,5}\/[smh]$/, RATE_MESSAGE).transform((value): Rate => parseRate(value) ?? { count: 1, seconds: 1 });

const MAX_CONCURRENCY = 1000;
const CONCURRENCY_MESSAGE = `must be a whole number from 1 to ${MAX_CONCURRENCY}`;
const concurrency = z.int(CONCURRENCY_MESSAGE).min(1, CONCURRENCY_MESSAGE).max(MAX_CONCURRENCY, CONCURRENCY_MESSAGE);

/** Less is no time for a CA across a network; more is longer than any client waits. */
const [SHORTEST, LONGEST] = [1, 300];
const TIMEOUT_MESSAGE = 'must be a duration from "1s" to "5m"';
const timeout = z.string(TIMEOUT_MESSAGE).transform((value, context) => {
  const seconds = parseDuration(value);
  if (seconds === null || seconds < SHORTEST || seconds > LONGEST) context.addIssue({ code: 'custom', message: TIMEOUT_MESSAGE });
  return seconds ?? SHORTEST;
});

/** `signers[].limits`. */
export const limitsSchema = z
  .strictObject({
    rate: rate.optional().describe('Certificates, e.g. "50/s"; more wait. Default: no limit'),
    concurrency: concurrency.optional().describe('Certificates that its CA is asked for at the same time; default 32'),
    timeout: timeout.optional().describe('How long its CA may take for one; default "30s"'),
    perNamespace: z
      .strictObject({
        rate: rate.optional().describe('Certificates for one namespace; default: no limit but the signer\'s'),
        concurrency: concurrency.optional().describe('Certificates for one namespace that the CA is asked for at the same time; default: no limit but the signer\'s'),
      }, 'must be a mapping such as { rate: 100/m }')
      .default({})
      .describe('For each requesting namespace'),
  }, 'must be a mapping such as { rate: 50/s, perNamespace: { rate: 100/m } }')
  .prefault({})
  .describe('What its requests may use; a request beyond waits and is never refused for it');

export type LimitsDocument = z.output<typeof limitsSchema>;

/** With the defaults. */
export function limitsOf({ rate, concurrency, timeout, perNamespace }: LimitsDocument): Limits {
  return {
    rate: rate ?? DEFAULT_LIMITS.rate,
    concurrency: concurrency ?? DEFAULT_LIMITS.concurrency,
    timeout: timeout ?? DEFAULT_LIMITS.timeout,
    perNamespace: { rate: perNamespace.rate ?? null, concurrency: perNamespace.concurrency ?? null },
  };
}
