import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { bitString, boolean, explicit, implicit, namedBits, objectIdentifier, octetString, nullValue, sequence, time, unsignedInteger, type Der } from './der-writer.ts';
import { NO_URLS } from './discovered-issuer.ts';
import { encodeGeneralNames } from './general-name.ts';
import { OID } from './oid.ts';
import type { Plan } from './plan.ts';
import type { KeyAlgorithm, PublicKey } from './public-key.ts';
import { urlExtensions } from './url-extensions.ts';

/** An extension to be written; `value` is the DER inside the OCTET STRING. */
export type ExtensionTemplate = { readonly oid: string; readonly critical: boolean; readonly value: Der };

export type TbsTemplate = {
  readonly serial: Uint8Array;
  /** DER Names. */
  readonly issuer: Der;
  readonly subject: Der;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly extensions: readonly ExtensionTemplate[];
};

/** How a key of this kind signs: the digest's name for node:crypto (null for Ed25519) and the AlgorithmIdentifier. */
export type SignatureScheme = { readonly digest: 'sha256' | 'sha384' | 'sha512' | null; readonly identifier: Der };

/** The TBSCertificate of a plan (RFC 5280 §4.1) under the CA that is to sign it. Nothing comes from anywhere but the plan. */
export function leafTbs(plan: Plan, issuer: Certificate): Uint8Array {
  return tbsCertificate(
    {
      serial: plan.serial,
      issuer: issuer.subject.der,
      subject: plan.subject,
      notBefore: plan.notBefore,
      notAfter: plan.notAfter,
      spki: plan.publicKey.spki,
      extensions: leafExtensions(plan, issuer),
    },
    signatureScheme(issuer.publicKey.algorithm),
  );
}

/** The extensions of a leaf, every one built here, in the order in which they are written. */
export function leafExtensions(plan: Plan, issuer: Certificate): ExtensionTemplate[] {
  return [
    ...(plan.keyUsage.length > 0 ? [keyUsage(plan.keyUsage)] : []),
    ...(plan.extendedKeyUsage.length > 0 ? [{ oid: OID.extKeyUsage, critical: false, value: sequence(...plan.extendedKeyUsage.map(objectIdentifier)) }] : []),
    // RFC 5280 §4.2.1.9: an end entity's constraints are the empty SEQUENCE, as FALSE is the default and DER omits it.
    { oid: OID.basicConstraints, critical: true, value: plan.requested?.ca === true ? sequence(boolean(true)) : sequence() },
    { oid: OID.subjectKeyIdentifier, critical: false, value: octetString(keyIdentifier(plan.publicKey)) },
    { oid: OID.authorityKeyIdentifier, critical: false, value: sequence(implicit(0, issuer.subjectKeyId ?? keyIdentifier(issuer.publicKey))) },
    ...urlExtensions(plan.urls ?? NO_URLS),
    ...alternativeNames(plan),
  ];
}

/** RFC 5280 §4.2.1.6: critical where the subject is empty, as a workload's is. */
function alternativeNames({ names, requested, subject }: Plan): ExtensionTemplate[] {
  if (requested === undefined) return [{ oid: OID.subjectAltName, critical: true, value: encodeGeneralNames(names) }];
  return requested.subjectAltName === null ? [] : [{ oid: OID.subjectAltName, critical: subject.length === EMPTY_NAME_LENGTH, value: requested.subjectAltName }];
}

/** `30 00`. */
const EMPTY_NAME_LENGTH = 2;

/** KeyUsage, critical as RFC 5280 §4.2.1.3 advises. */
export function keyUsage(bits: readonly number[]): ExtensionTemplate {
  return { oid: OID.keyUsage, critical: true, value: namedBits(bits) };
}

/** RFC 7093 §2 method 1: the leftmost 160 bits of the SHA-256 of the subjectPublicKey. RFC 5280's own method needs SHA-1. */
export function keyIdentifier({ bits }: Pick<PublicKey, 'bits'>): Uint8Array {
  return createHash('sha256').update(bits).digest().subarray(0, 20);
}

/** A TBSCertificate, version 3; callers sign these very bytes. */
export function tbsCertificate(template: TbsTemplate, scheme: SignatureScheme): Uint8Array {
  return sequence(
    explicit(0, unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(template.serial),
    scheme.identifier,
    template.issuer,
    sequence(time(template.notBefore), time(template.notAfter)),
    template.subject,
    template.spki,
    explicit(3, sequence(...template.extensions.map(extension))),
  );
}

/** The Certificate: what was signed, with what, and the signature (for ECDSA its DER form). */
export function assembleCertificate(tbs: Uint8Array, scheme: SignatureScheme, signature: Uint8Array): Uint8Array {
  return sequence(tbs, scheme.identifier, bitString(signature));
}

/** The scheme for a CA key: the digest is as strong as the curve; RSA signs PKCS#1 v1.5 with SHA-256, which every verifier knows. */
export function signatureScheme(algorithm: KeyAlgorithm): SignatureScheme {
  switch (algorithm.type) {
    case 'RSA':
      return SCHEMES.rsa;
    case 'ECDSA':
      return SCHEMES[algorithm.curve];
    case 'Ed25519':
      return SCHEMES.ed25519;
  }
}

/** Parameters are NULL for RSA (RFC 4055 §5) and absent for ECDSA (RFC 5758 §3.2) and Ed25519 (RFC 8410 §3). */
const SCHEMES = {
  'rsa': { digest: 'sha256', identifier: sequence(objectIdentifier(OID.sha256WithRSAEncryption), nullValue()) },
  'P-256': { digest: 'sha256', identifier: sequence(objectIdentifier(OID.ecdsaWithSHA256)) },
  'P-384': { digest: 'sha384', identifier: sequence(objectIdentifier(OID.ecdsaWithSHA384)) },
  'P-521': { digest: 'sha512', identifier: sequence(objectIdentifier(OID.ecdsaWithSHA512)) },
  'ed25519': { digest: null, identifier: sequence(objectIdentifier(OID.ed25519)) },
} as const satisfies Record<string, SignatureScheme>;

function extension({ oid, critical, value }: ExtensionTemplate): Der {
  // DER leaves the default FALSE of `critical` out.
  return critical ? sequence(objectIdentifier(oid), boolean(true), octetString(value)) : sequence(objectIdentifier(oid), octetString(value));
}
