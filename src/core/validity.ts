import { endOfPath, type Validity as Valid } from './ca-validity.ts';

/**
 * Verifiers' clocks may be this many seconds behind. Istio's own CA backdates as much; more would make istiod, which renews at half
 * of notAfter - notBefore before the end, renew a short certificate for ever (istio: RotateDNSCertForK8sCA).
 */
const BACKDATE_SECONDS = 120;
/** And never more than this share of the lifetime, for the same reason. */
const BACKDATE_SHARE = 0.1;

/** In whole seconds; `remaining`: seconds from now to the end of the CA's path. */
export type Validity = { readonly notBefore: Date; readonly notAfter: Date; readonly remaining: number };

/** From when to when a certificate of `seconds` is valid: a little in the past, and never beyond any certificate of its CA's path. */
export function validity(seconds: number, chain: readonly Valid[], now: Date): Validity {
  const end = endOfPath(chain).getTime();
  const remaining = (end - now.getTime()) / 1000;
  const start = Math.max(now.getTime() - Math.min(BACKDATE_SECONDS, Math.min(seconds, remaining) * BACKDATE_SHARE) * 1000, ...chain.map(({ notBefore }) => notBefore.getTime()));
  return { notBefore: wholeSeconds(start), notAfter: wholeSeconds(Math.min(now.getTime() + seconds * 1000, end)), remaining };
}

/** RFC 5280 §4.1.2.5 has no fractions of a second. */
function wholeSeconds(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / 1000) * 1000);
}
