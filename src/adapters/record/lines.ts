import type { Log } from '../../control/ports.ts';
import { RateMeter } from '../../core/rate-meter.ts';
import { recordFields, type RecordEntry } from '../../core/record-entry.ts';
import { shares } from '../kubernetes/shares.ts';

export type RecordLinesOptions = {
  readonly log: Log;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
};

export type RecordLines = {
  /** `fields`: those of the entry, where they are made already. */
  write(entry: RecordEntry, fields?: Record<string, unknown>): void;
  /** Tells how many refusals were not told one by one since it was called last. */
  summarize(): void;
};

/** Refusals of one requester at one signer that are told one by one. */
const SHARE = { count: 1, seconds: 1, burst: 50 };
/** Whoever may create requests under many user names fills no more of the log than ten others, and no more memory than this. */
const ALL = { count: 10, seconds: 1, burst: 500 };
const MAX_KINDS = 1_000;

const MESSAGES = { approved: 'approved', denied: 'denied', failed: 'failed', issuing: 'issuing', issued: 'issued', undelivered: 'certificate not delivered' } as const;

/**
 * Decisions as lines of the log. A flood of refusals is told by its number, signer, requester and reason: a requester must not be
 * able to fill the log, nor to hide another's refusal in it.
 */
export function recordLines({ log, monotonic }: RecordLinesOptions): RecordLines {
  const share = shares({ rate: SHARE, monotonic });
  const all = new RateMeter(ALL);
  const untold = new Map<string, { readonly about: Record<string, unknown>; count: number }>();

  function summarize(): void {
    for (const { about, count } of untold.values()) log.warn('more refusals, told by their number', { ...about, count });
    untold.clear();
  }

  return {
    write(entry, fields) {
      const { what, signer, requester, reason } = entry;
      if (what !== 'denied' && what !== 'failed') {
        log.info(MESSAGES[what], fields ?? recordFields(entry));
        return;
      }
      const key = JSON.stringify([what, signer, requester, reason]);
      if (share(key) && all.tryTake(monotonic()) === 0) {
        log.warn(MESSAGES[what], fields ?? recordFields(entry));
        return;
      }
      const kind = untold.get(key) ?? { about: { outcome: what, signer, requester, reason }, count: 0 };
      kind.count += 1;
      untold.set(key, kind);
      if (untold.size >= MAX_KINDS) summarize();
    },
    summarize,
  };
}
