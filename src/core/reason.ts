/**
 * Why a request was decided as it was: one closed set for conditions, Events, metrics and the record,
 * so that an alert written against one of them can be written against all.
 */
export type Reason =
  | 'PolicyAllowed'
  | 'PolicyViolation'
  | 'InvalidRequest'
  | 'SignerNotFound'
  | 'CertificateAuthorityUnavailable'
  | 'CertificateAuthorityExpired'
  /** A limit that its signer's configuration sets; a request waits and is never refused for it. */
  | 'LimitReached';
