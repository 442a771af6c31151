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
  | 'LimitReached'
  | IssuerReason;

/** cert-manager's own words for what happens at its issuers, where they are served by `discover`. */
export type IssuerReason =
  | 'WaitingApproval'
  | 'IssuerNotFound'
  | 'IssuerTypeMissing'
  | 'IssuerNotReady'
  | 'DeniedReference'
  | 'ErrorParseDuration'
  | 'InvalidDuration'
  | 'SecretMissing'
  | 'SecretInvalidData'
  | 'SecretGetError'
  | 'SigningError'
  | 'CertificateIssued';

/** Why a CA cannot sign now; never held against a request. */
export type CaReason = 'CertificateAuthorityUnavailable' | 'CertificateAuthorityExpired' | 'IssuerNotReady' | 'SecretMissing' | 'SecretInvalidData' | 'SecretGetError';
/** Why a request is refused. */
export type RefusalReason = 'PolicyViolation' | 'InvalidRequest' | 'DeniedReference' | 'ErrorParseDuration' | 'InvalidDuration' | 'SigningError';
