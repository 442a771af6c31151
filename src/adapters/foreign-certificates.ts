import type { Log } from '../control/ports.ts';
import { shares } from './kubernetes/shares.ts';
import type { Metrics } from './metrics.ts';

/** A line a minute for each signer that somebody else answers for too. */
const TOLD = { count: 1, seconds: 60, burst: 1 };

/**
 * Counts the requests that somebody else answered with a certificate before Signet did, and says who, where the object does: an API server may keep
 * managedFields of objects that were applied alone.
 */
export function foreignCertificates({ metrics, log, monotonic }: { readonly metrics: Pick<Metrics, 'foreign'>; readonly log: Log; readonly monotonic: () => number }): (signer: string, request: string, writer: string) => void {
  const mayTell = shares({ rate: TOLD, monotonic });
  return (signer, request, writer) => {
    metrics.foreign(signer);
    if (mayTell(signer)) log.warn('somebody else answers requests of a signer that Signet serves', { signer, request, ...(writer === '' ? {} : { writer }) });
  };
}
