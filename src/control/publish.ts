import { bundleFingerprint } from '../core/bundle.ts';
import type { Certificate } from '../core/certificate.ts';
import { Refusal, Unavailable } from './errors.ts';
import type { Authority, Log, Meter, Publication } from './ports.ts';
import type { Outcome } from './queue.ts';

export type PublishOptions = {
  readonly publications: readonly Publication[];
  /** Every configured signer with its CA. */
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly log: Log;
  readonly meter: Meter;
};

/**
 * Brings one publication, by its name, up to date with the anchors of all signers; writes only where something differs, so that
 * repairing drift and following a change are the same act. Trouble is returned as a retry.
 */
export function publishLoop({ publications, authorities, log, meter }: PublishOptions): (name: string, signal: AbortSignal) => Promise<Outcome> {
  return async (name, signal) => {
    const publication = publications.find((each) => each.name === name);
    if (publication === undefined) return 'done';
    const bundles = knownBundles(authorities);
    // At start no CA is known yet: an empty document would only be written to be replaced.
    if (bundles.size === 0) return 'done';
    try {
      const result = await publication.publish(bundles, signal);
      // Seeing it asks for this again; until then nobody knows what is published.
      if (result === 'not seen') return 'done';
      for (const [signer, anchors] of bundles) meter.bundle(signer, bundleFingerprint(anchors));
      if (result === 'written') log.info('published the trust bundles', { publication: name, signers: [...bundles.keys()] });
      return 'done';
    } catch (error) {
      if (signal.aborted) return 'done';
      if (error instanceof Refusal) return giveUp(name, error, log);
      if (!(error instanceof Unavailable)) throw error;
      log.warn('cannot publish the trust bundles now', { publication: name, why: error.message });
      return { retryAfter: error.retryAfter };
    }
  };
}

/** The API server does not let us write, mostly for want of an RBAC rule: tried again rarely, so that granting it needs no restart. */
function giveUp(publication: string, error: Refusal, log: Log): Outcome {
  log.error('may not publish the trust bundles', { publication, why: error.message });
  return { retryAfter: 30 };
}

/** The anchor of every signer whose CA is known. */
function knownBundles(authorities: ReadonlyMap<string, Authority>): Map<string, readonly Certificate[]> {
  const bundles = new Map<string, readonly Certificate[]>();
  for (const [signer, authority] of authorities) {
    const state = authority.state();
    if (state.ready) bundles.set(signer, [state.authority.anchor]);
  }
  return bundles;
}
