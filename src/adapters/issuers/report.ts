import type { DiscoveredAuthority, Log, Meter } from '../../control/ports.ts';
import type { Metrics } from '../metrics.ts';

export type ReportOptions = {
  readonly metrics: Pick<Metrics, 'serve' | 'forget' | 'shared'>;
  readonly meter: Pick<Meter, 'authority'>;
  /** Names of the configuration's signers. */
  readonly configured: readonly string[];
  readonly log: Log;
};

/**
 * Tells metrics and log of issuers as they change; null: gone, or without a CA. An issuer with the CA of a configured signer is an alarm whether it would be
 * served or not: cert-manager approves its own CertificateRequests for it, and so hands out that tenant's certificates.
 */
export function issuerReport({ metrics, meter, configured, log }: ReportOptions): (name: string, found: DiscoveredAuthority | null) => void {
  const rivals = new Map<string, string>();
  return (name, found) => {
    if (found === null) metrics.forget(name);
    else if (!configured.includes(name)) {
      metrics.serve(name);
      meter.authority(name, found.state());
    }
    const before = rivals.get(name);
    const rival = found?.rival ?? null;
    if (rival === null) rivals.delete(name);
    else rivals.set(name, rival);
    if (rival !== null && rival !== before) log.warn('shared: an issuer of cert-manager has the CA of a signer of the configuration, and signs past its policy; Signet does not serve the issuer', { issuer: name, signer: rival });
    for (const signer of configured) metrics.shared(signer, [...rivals.values()].includes(signer));
  };
}
