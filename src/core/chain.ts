import { isSelfIssued, type Certificate } from './certificate.ts';
import { signedBy } from './certificate-signature.ts';
import { distinguishedNameText, mayBeSameName } from './distinguished-name.ts';
import { OID } from './oid.ts';
import { ANY_EXTENDED_KEY_USAGE, CERT_SIGN, extendedKeyUsages } from './usage.ts';

export type BuiltChain = { readonly ok: true; readonly chain: readonly Certificate[] } | { readonly ok: false; readonly problem: string };

/** Roots of one name that follow each other are few. Of thirty certificates of one name each could otherwise have to be verified with each, P-521 for 3 ms. */
const MAX_FAILED = 8;

/**
 * Orders the certificates of a CA's files into one path: the certificate of `spki` (the CA's own key) first, then who
 * issued it, and so on until a self-signed certificate or the last known one. Certificates that belong to no place on the path are a
 * mistake worth naming, as they would be trusted or served by accident. A self-signed twin ends the path.
 */
export function buildChain(certificates: readonly Certificate[], spki: Uint8Array): BuiltChain {
  const pool = unique(certificates);
  const own = pool.filter(({ publicKey }) => Buffer.compare(publicKey.spki, spki) === 0);
  if (own.length === 0) return { ok: false, problem: 'no certificate is for the private key' };
  // A cross-certificate of the same key may stand beside the certificate that is meant: the first in the file is the issuer.
  const chain = [own[0] as Certificate];
  let failed = 0;
  const issued = (child: Certificate, parent: Certificate): boolean => {
    if (!namesIssuer(child, parent) || failed === MAX_FAILED) return false;
    const holds = isSignedBy(child, parent);
    if (!holds) failed += 1;
    return holds;
  };
  for (let last = chain[0]; last !== undefined && !isSelfSigned(last); ) {
    const child: Certificate = last;
    const parent = pool.find((each) => !chain.includes(each) && issued(child, each));
    if (parent !== undefined) chain.push(parent);
    last = parent;
  }
  if (failed === MAX_FAILED) return { ok: false, problem: `${MAX_FAILED} times a certificate names another one of them as its issuer that did not sign it` };
  const stray = pool.find((each) => !chain.includes(each));
  if (stray !== undefined) return { ok: false, problem: `the certificate ${nameOf(stray)} is not on the path of the CA` };
  return { ok: true, chain };
}

/** serverAuth, clientAuth, anyExtendedKeyUsage: verifiers read an EKU of a CA as a limit on what it issues for. */
const TLS_PURPOSES: readonly string[] = [...extendedKeyUsages(['server auth', 'client auth']), ANY_EXTENDED_KEY_USAGE];

/** Critical extensions whose meaning is kept by what is issued. Name constraints are not among them: nothing compares leaves with them. */
const UNDERSTOOD: readonly string[] = [OID.basicConstraints, OID.keyUsage, OID.extKeyUsage, OID.subjectKeyIdentifier, OID.authorityKeyIdentifier, OID.subjectAltName];

/**
 * What RFC 5280 §6.1.4 will ask of every CA certificate of the path, asked before the first signature: a name, the CA bit,
 * keyCertSign, room for the path below. Validity is not looked at: it passes, and the pair may be valid tomorrow.
 */
export function pathProblem(chain: readonly Certificate[]): string | null {
  for (const [below, certificate] of chain.entries()) {
    const { basicConstraints, keyUsage, subject } = certificate;
    // RFC 5280 §4.1.2.6: the issuer of a leaf is found by this name, and two tenants without one would have the same.
    if (subject.attributes.length === 0) return 'a CA certificate has an empty subject: give it a common name';
    if (basicConstraints?.ca !== true) return `the certificate ${nameOf(certificate)} is not a CA (basicConstraints CA:TRUE is missing)`;
    if (keyUsage !== null && !keyUsage.includes(CERT_SIGN)) return `the certificate ${nameOf(certificate)} may not sign certificates (keyUsage lacks keyCertSign)`;
    const purposes = certificate.extendedKeyUsage;
    if (purposes.length > 0 && !purposes.some((oid) => TLS_PURPOSES.includes(oid))) return `the certificate ${nameOf(certificate)} may not issue for TLS (extKeyUsage has neither server nor client authentication)`;
    const unknown = certificate.extensions.find(({ oid, critical }) => critical && !UNDERSTOOD.includes(oid));
    if (unknown !== undefined) return `the certificate ${nameOf(certificate)} has the critical extension ${unknown.oid}, which Signet cannot honour`;
    if (basicConstraints.pathLength !== null && basicConstraints.pathLength < below) {
      return `the certificate ${nameOf(certificate)} allows ${basicConstraints.pathLength} CA certificates below it, the path has ${below}`;
    }
  }
  return null;
}

/**
 * Whether verifiers take `parent` for the issuer of `child` (RFC 5280 §6.1.3, §4.2.1.1): the name, the key identifier where both have
 * one, and the signature. OpenSSL, BoringSSL and Go pass over a parent that differs in any of them.
 */
export function issuedBy(child: Certificate, parent: Certificate): boolean {
  return namesIssuer(child, parent) && isSignedBy(child, parent);
}

/** Whether issuer name and key identifier lead from the child to the parent (RFC 5280 §4.1.2.4, §4.2.1.1); the signature is not looked at. */
export function namesIssuer({ issuer, authorityKeyId }: Certificate, { subject, subjectKeyId }: Certificate): boolean {
  const sameKeyId = authorityKeyId === null || subjectKeyId === null || Buffer.compare(authorityKeyId, subjectKeyId) === 0;
  return sameKeyId && Buffer.compare(issuer.der, subject.der) === 0;
}

/** Subject and issuer equal, and its own signature holds. */
export function isSelfSigned(certificate: Certificate): boolean {
  return isSelfIssued(certificate) && isSignedBy(certificate, certificate);
}

/**
 * Whether a verifier that trusts `ca`, or reaches it, could take the certificate, which was read with its path, beside the one that issued it there. Asked of
 * each CA and each other, so that a signature is verified only where it may hold: one that was seen to be made with another key holds under a second one
 * only if that was computed for it (key substitution), and then no verifier gets so far unless the names chain (RFC 5280 §6.1.3).
 */
export function leadsTo(certificate: Certificate, ca: Certificate): boolean {
  const signer = signers.get(certificate);
  if (signer === undefined || mayBeSameName(certificate.issuer, ca.subject)) return signedBy(certificate, ca);
  return Buffer.compare(signer.publicKey.spki, ca.publicKey.spki) === 0;
}

function isSignedBy(child: Certificate, parent: Certificate): boolean {
  if (signers.get(child) === parent) return true;
  const signed = signedBy(child, parent);
  if (signed) signers.set(child, parent);
  return signed;
}

/** Whose key was seen to have made a signature: both are immutable, and the path of a CA is the same for each of its certificates. */
const signers = new WeakMap<Certificate, Certificate>();

function unique(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((each) => [each.fingerprint, each])).values()];
}

function nameOf({ subject }: Certificate): string {
  return `"${distinguishedNameText(subject)}"`;
}
