import type { Certificate } from './certificate.ts';
import type { CaState } from './decide.ts';
import { distinguishedNameText } from './distinguished-name.ts';
import { keySha256 } from './explain-request.ts';
import { generalNameText } from './general-name.ts';
import type { Plan } from './plan.ts';
import { keyName } from './public-key.ts';
import { usageNames } from './usage.ts';

/** A CA with its certificates, not their validity alone. */
export type KnownCa = { readonly ready: true; readonly chain: readonly Certificate[] } | Extract<CaState, { ready: false }>;

/** A certificate before it is made, in words. */
export type PlannedCertificate = {
  /** RFC 4514 text: empty but for an issuer that is found, which keeps the request's. */
  readonly subject: string;
  /** `URI:spiffe://…`, `DNS:…`, `IP:…`. */
  readonly names: readonly string[];
  readonly key: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hex in lower case. */
  readonly keySha256: string;
  readonly keyUsage: readonly string[];
  readonly extendedKeyUsage: readonly string[];
  /** Only from an issuer that is found. */
  readonly ca: boolean;
  /** Seconds from now to its end. */
  readonly lifetime: number;
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** null: the CA is not known, and may end sooner than `notAfter`. */
  readonly issuer: { readonly subject: string; readonly sha256: string; /** RFC 3339. */ readonly notAfter: string } | null;
  /** Which alternative allows it. */
  readonly policy: string;
  /** What differs from what was asked for. */
  readonly adjustments: readonly string[];
};

/** `subject`: that of the request, in words. */
export function plannedCertificate(plan: Plan, { now, ca, subject }: { now: Date; ca: KnownCa | null; subject: string | null }): PlannedCertificate {
  const issuer = ca?.ready === true ? ca.chain[0] : undefined;
  return {
    subject: plan.requested === undefined ? '' : (subject ?? ''),
    names: plan.names.map(generalNameText),
    key: keyName(plan.publicKey.algorithm),
    keySha256: keySha256(plan.publicKey),
    keyUsage: usageNames(plan.keyUsage, []),
    extendedKeyUsage: usageNames([], plan.extendedKeyUsage),
    ca: plan.requested?.ca === true,
    // notAfter has no fractions of a second, cut off downwards.
    lifetime: Math.ceil((plan.notAfter.getTime() - now.getTime()) / 1000),
    notBefore: plan.notBefore.toISOString(),
    notAfter: plan.notAfter.toISOString(),
    issuer: issuer === undefined ? null : { subject: distinguishedNameText(issuer.subject), sha256: issuer.fingerprint, notAfter: issuer.notAfter.toISOString() },
    policy: plan.policy,
    adjustments: plan.adjustments,
  };
}
