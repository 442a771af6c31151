import { readAlgorithmIdentifier } from './algorithm-identifier.ts';
import { DerError } from './der-error.ts';
import { type DerNode, readDer } from './der-reader.ts';
import { TAG, expectEnd, expectNode, smallInteger } from './der-value.ts';
import { type DistinguishedName, readName } from './distinguished-name.ts';
import type { Extension } from './extension.ts';
import { readRequestedExtensions } from './extension-request.ts';
import type { GeneralName } from './general-name.ts';
import { OID } from './oid.ts';
import { decodePem } from './pem.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';
import { readGeneralNames } from './read-general-names.ts';
import { checkRequestSignature } from './request-signature.ts';
import type { Violation } from './violation.ts';

/** A PKCS#10 request (RFC 2986) whose every byte was understood and whose possession of the key is proven. */
export type CertificateRequest = {
  readonly der: Uint8Array;
  readonly publicKey: PublicKey;
  readonly subject: DistinguishedName;
  /** Names of the subjectAltName it asks for, in its order; empty without that extension. */
  readonly names: readonly GeneralName[];
  /** The extensions it asks for, each once. Nothing of them is ever copied into a certificate. */
  readonly extensions: readonly Extension[];
};

/** The largest RSA key of a workload: a larger one costs every peer of it more than it is worth. */
const MAX_RSA_BITS = 4096;

/**
 * Reads spec.request: one PEM block CERTIFICATE REQUEST of at most 64 KiB around strict DER, version 0, a key and a
 * signature by it (SHA-256 or better), well-formed names. Attributes other than the extensionRequest are tolerated
 * when they are well-formed and each there once; nothing is ever done with them. The values of extensions other
 * than subjectAltName are given as they are: which of them may be there is for policy to say. Never throws for bytes
 * of any kind.
 */
export function parseRequest(pem: Uint8Array | string): { ok: true; request: CertificateRequest } | { ok: false; violation: Violation } {
  const decoded = decodePem(typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1'), 'CERTIFICATE REQUEST');
  if (!decoded.ok) {
    const allowed = 'one PEM block CERTIFICATE REQUEST of at most 64 KiB with nothing around it';
    return { ok: false, violation: { field: 'spec.request', found: decoded.problem, allowed } };
  }
  try {
    return { ok: true, request: readRequest(decoded.der) };
  } catch (error) {
    if (error instanceof FieldError) return { ok: false, violation: error.violation };
    throw error;
  }
}

function readRequest(der: Uint8Array): CertificateRequest {
  const node = within('spec.request', () => readDer(der));
  const info = within('spec.request', () => readInfo(node));
  const publicKey = within('spec.request.publicKey', () => readPublicKey(info.spki, { maxRsaBits: MAX_RSA_BITS, parent: info.node }));
  const subject = within('spec.request.subject', () => readName(info.subject, 'the subject', info.node));
  const extensions = within('spec.request.extensionRequest', () => readRequestedExtensions(info.attributes));
  const san = extensions.find(({ oid }) => oid === OID.subjectAltName);
  const names = within('spec.request.subjectAltName', () => (san === undefined ? [] : readGeneralNames(san.value, san.value.byteOffset - der.byteOffset)));
  within('spec.request.signature', () => {
    const algorithm = readAlgorithmIdentifier(node.children[1], 'the signature algorithm', node);
    checkRequestSignature({ signed: info.node.der, algorithm, signature: expectNode(node.children[2], TAG.bitString, 'the signature', node), key: publicKey });
  });
  return { der: node.der, publicKey, subject, names, extensions };
}

type Info = { readonly node: DerNode; readonly subject: DerNode | undefined; readonly spki: DerNode | undefined; readonly attributes: DerNode };

/** CertificationRequestInfo (RFC 2986 §4.1): version 0, subject, key, and attributes that are never absent, only empty. */
function readInfo(request: DerNode): Info {
  expectNode(request, TAG.sequence, 'the request', request);
  expectEnd(request, 3, 'the request');
  const node = expectNode(request.children[0], TAG.sequence, 'the certificationRequestInfo', request);
  const [versionField, subject, spki, attributes] = node.children;
  const version = expectNode(versionField, TAG.integer, 'the version', node);
  if (smallInteger(version, 'the version') !== 0) {
    throw new DerError({ found: `version ${smallInteger(version, 'the version')}`, allowed: 'version 0, the only one', offset: version.offset });
  }
  expectEnd(node, 4, 'the certificationRequestInfo');
  return { node, subject, spki, attributes: expectNode(attributes, 0xa0, 'the attributes', node) };
}

/** A DerError in the words of the user: which part of the request it is about. */
class FieldError extends Error {
  readonly violation: Violation;

  constructor(field: string, { found, allowed, offset }: DerError) {
    super(field);
    this.violation = { field, found: `${found} (byte ${offset})`, allowed };
  }
}

function within<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) throw new FieldError(field, error);
    throw error;
  }
}
