import type { Certificate } from './certificate.ts';
import { durationText } from './duration.ts';

/** What a certificate of a CA's path says about time: all that a plan needs to know of it, beside which one is to sign. */
export type Validity = Pick<Certificate, 'notBefore' | 'notAfter'>;

export type CaTrouble = { readonly reason: 'CertificateAuthorityUnavailable' | 'CertificateAuthorityExpired'; readonly message: string };

/**
 * A leaf cut to less than this share of its lifetime by the CA's own end is a crumb: each renewal would halve what is
 * left and bring the next one sooner, until the fleet does nothing else. Better to say that the CA must be renewed.
 */
const CRUMB_SHARE = 0.1;

/** Why a CA cannot issue certificates of `seconds` now, by the validity of its path (issuing CA to anchor); null: it can. */
export function caTrouble(chain: readonly Validity[], now: Date, seconds: number): CaTrouble | null {
  const early = chain.find(({ notBefore }) => notBefore > now);
  if (early !== undefined) return { reason: 'CertificateAuthorityUnavailable', message: `the CA certificate is not valid before ${early.notBefore.toISOString()}` };
  const end = endOfPath(chain);
  const remaining = (end.getTime() - now.getTime()) / 1000;
  if (remaining <= 0) return { reason: 'CertificateAuthorityExpired', message: `the CA expired at ${end.toISOString()}` };
  if (remaining < seconds * CRUMB_SHARE) {
    return { reason: 'CertificateAuthorityExpired', message: `the CA ends in ${durationText(remaining)}, too soon for certificates of ${durationText(seconds)}: renew it` };
  }
  return null;
}

/** When the first certificate of the path ends: no leaf is good for longer (RFC 5280 §6.1.3 asks each to be valid). */
export function endOfPath(chain: readonly Validity[]): Date {
  return new Date(Math.min(...chain.map(({ notAfter }) => notAfter.getTime())));
}
