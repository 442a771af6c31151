import { createHash } from 'node:crypto';
import { readAlgorithmIdentifier } from './algorithm-identifier.ts';
import { type CertificateExtensions, readCertificateExtensions } from './certificate-extensions.ts';
import { DerError } from './der-error.ts';
import { type DerNode, readDer } from './der-reader.ts';
import { TAG, expectEnd, expectNode, smallInteger, timeValue, unsignedMagnitude, wholeOctets } from './der-value.ts';
import { type DistinguishedName, readName } from './distinguished-name.ts';
import { type Extension, readExtensions } from './extension.ts';
import { encodePem } from './pem.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';

/** An X.509 certificate (RFC 5280 §4.1), CA or leaf, every field that Signet decides by. */
export type Certificate = CertificateExtensions & {
  readonly der: Uint8Array;
  /** DER of the tbsCertificate: what the signature covers. */
  readonly tbs: Uint8Array;
  /** Big-endian magnitude without a sign octet. */
  readonly serial: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly publicKey: PublicKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Extension[];
  /** SHA-256 of `der`, hex in lower case. */
  readonly fingerprint: string;
  /** Object identifier of the algorithm it is signed with. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
};

/** Operators' CAs may be larger than a workload's key; OpenSSL and Go verify up to 8192 bits in TLS. */
const MAX_CA_RSA_BITS = 8192;

/**
 * Reads one certificate from its DER, as strictly as a request (alternative names too) but for what real CA software writes and every
 * verifier accepts: a default written out (`critical FALSE`, `cA FALSE`, version 1), trailing zero bits in KeyUsage,
 * a serial number of zero or over 20 octets, GeneralizedTime before 2050. The signature is not verified here.
 * `problem` says what was found and what is allowed; never throws for bytes of any kind.
 */
export function parseCertificate(der: Uint8Array): { ok: true; certificate: Certificate } | { ok: false; problem: string } {
  try {
    return { ok: true, certificate: readCertificate(readDer(der)) };
  } catch (error) {
    if (error instanceof DerError) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Issuer and subject are the same bytes (RFC 5280 §3.2: self-issued; whether it is self-signed, a signature tells). */
export function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return Buffer.compare(issuer.der, subject.der) === 0;
}

/** One PEM block, 64 columns, with a final newline. */
export function certificatePem({ der }: { readonly der: Uint8Array }): string {
  return encodePem('CERTIFICATE', der);
}

function readCertificate(node: DerNode): Certificate {
  expectNode(node, TAG.sequence, 'the certificate', node);
  const tbs = expectNode(node.children[0], TAG.sequence, 'the tbsCertificate', node);
  const algorithm = readAlgorithmIdentifier(node.children[1], 'the signature algorithm', node);
  const signature = wholeOctets(expectNode(node.children[2], TAG.bitString, 'the signature', node), 'a signature');
  expectEnd(node, 3, 'the certificate');
  const { algorithm: signedAlgorithm, ...fields } = readTbs(tbs, node.der);
  // RFC 5280 §4.1.1.2: the algorithm outside is not signed, so it must be the one inside.
  if (Buffer.compare(signedAlgorithm.der, algorithm.node.der) !== 0) {
    throw new DerError({ found: 'a signature algorithm that differs from the signed one', allowed: 'the same one twice', offset: algorithm.node.offset });
  }
  const fingerprint = createHash('sha256').update(node.der).digest('hex');
  return { ...fields, der: node.der, tbs: tbs.der, fingerprint, signatureAlgorithm: algorithm.oid, signature };
}

function readTbs(tbs: DerNode, der: Uint8Array) {
  const fields = [...tbs.children];
  const version = readVersion(fields[0]?.identifier === 0xa0 ? fields.shift() : undefined);
  const [serial, algorithm, issuer, validity, subject, spki, ...rest] = fields;
  const times = expectNode(validity, TAG.sequence, 'the validity', tbs);
  expectEnd(times, 2, 'the validity');
  const extensions = readTail(rest, version);
  return {
    serial: unsignedMagnitude(expectNode(serial, TAG.integer, 'the serial number', tbs), 'serial number'),
    algorithm: readAlgorithmIdentifier(algorithm, 'the signed signature algorithm', tbs).node,
    issuer: readName(issuer, 'the issuer', tbs),
    notBefore: timeValue(times.children[0], 'notBefore', times),
    notAfter: timeValue(times.children[1], 'notAfter', times),
    subject: readName(subject, 'the subject', tbs),
    publicKey: readPublicKey(spki, { maxRsaBits: MAX_CA_RSA_BITS, parent: tbs }),
    extensions,
    ...readCertificateExtensions(extensions, der),
  };
}

/** 1 to 3; absent means 1. */
function readVersion(field: DerNode | undefined): number {
  if (field === undefined) return 1;
  const version = smallInteger(expectNode(field.children[0], TAG.integer, 'the version', field), 'the version') + 1;
  expectEnd(field, 1, 'the version');
  if (version > 3) throw new DerError({ found: `version ${version}`, allowed: 'versions 1 to 3', offset: field.offset });
  return version;
}

/** What may follow the key: unique identifiers [1] and [2], which nobody uses, and the extensions [3] (RFC 5280 §4.1.2.8-9). */
function readTail(rest: readonly DerNode[], version: number): Extension[] {
  const last = rest.at(-1);
  const uniqueIdentifiers = last?.identifier === 0xa3 ? rest.slice(0, -1) : rest;
  const [stranger] = uniqueIdentifiers;
  if (stranger !== undefined) {
    throw new DerError({ found: 'a field after the public key that is not the extensions', allowed: 'extensions only', offset: stranger.offset });
  }
  if (last === undefined) return [];
  if (version !== 3) throw new DerError({ found: `extensions in a certificate of version ${version}`, allowed: 'version 3', offset: last.offset });
  expectEnd(last, 1, 'the extensions');
  return readExtensions(last.children[0], { parent: last, explicitFalse: true });
}
