import { Unavailable } from '../../control/errors.ts';
import type { DiscoveredAuthority } from '../../control/ports.ts';
import type { Rival } from '../authorities/conflict.ts';
import { APART } from '../authorities/issuer.ts';

/** The CA of an issuer whose Secret is that of a signer of the configuration. The Secret is not even read. */
export function refusedAuthority({ signer, why }: Omit<Rival, 'overlap'>): DiscoveredAuthority {
  return {
    rival: signer,
    lookedAt: Infinity,
    refresh: () => Promise.resolve(),
    state: () => ({ ready: false, reason: 'CertificateAuthorityUnavailable', message: APART, detail: why }),
    issue: () => Promise.reject(new Unavailable(APART)),
  };
}
