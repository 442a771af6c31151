import { durationText, parseDuration } from './duration.ts';
import type { Observed } from './observed.ts';
import { DURATION_ANNOTATION } from './requested-lifetime.ts';
import { quoted, type Violation } from './violation.ts';

/** cert-manager: DefaultCertificateDuration. */
const DEFAULT_SECONDS = 90 * 86_400;
/** cert-manager: CertificateSigningRequestMinimumDuration; the API server's own minimum of spec.expirationSeconds. */
const MIN_SECONDS = 600;
/** Go counts nanoseconds in 63 bits: 292 years. */
const MAX_GO_SECONDS = 2 ** 63 / 1e9;

export type IssuerDuration = { readonly seconds: number } | { readonly reason: 'ErrorParseDuration' | 'InvalidDuration'; readonly violation: Violation };

/**
 * The lifetime that a request asks cert-manager's issuers for: the annotation's or that of spec.expirationSeconds, and without either 90 days. Of both the shorter
 * counts, where cert-manager takes the annotation: whoever may update the object can set that one after the approval, and nobody the other.
 * Other than for signers of the configuration, as who has used cert-manager until now has written his requests for that.
 */
export function issuerDuration({ expirationSeconds, annotations }: Pick<Observed, 'expirationSeconds' | 'annotations'>): IssuerDuration {
  const text = annotations[DURATION_ANNOTATION];
  const field = text === undefined ? 'spec.expirationSeconds' : `annotation ${DURATION_ANNOTATION}`;
  const seconds = text === undefined ? (expirationSeconds ?? DEFAULT_SECONDS) : goSeconds(text);
  if (seconds === null) return { reason: 'ErrorParseDuration', violation: { field, found: quoted(text ?? ''), allowed: 'a Go duration such as "24h"' } };
  if (seconds < MIN_SECONDS) return { reason: 'InvalidDuration', violation: { field, found: durationText(seconds), allowed: `${durationText(MIN_SECONDS)} or more` } };
  return { seconds: Math.min(seconds, expirationSeconds ?? Infinity) };
}

/** As Go's time.ParseDuration: with a sign, without days. */
function goSeconds(text: string): number | null {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const seconds = rest.includes('d') ? null : parseDuration(rest);
  if (seconds === null || seconds > MAX_GO_SECONDS) return null;
  return sign === '-' ? -seconds : seconds;
}
