import { constants, sign } from 'node:crypto';
import { bitString, nullValue, objectIdentifier, sequence } from '../../../../src/core/der-writer.ts';
import { OID } from '../../../../src/core/oid.ts';
import { SCHEMES, signatureOf, testKey } from '../../../support/der/keys.ts';
import { bytes, concat, flipped, longLength, replaced } from '../../../support/der/raw.ts';
import { requestDer, type RequestParts } from '../../../support/der/request.ts';
import { SPIFFE_SAN, pem } from './accepted.ts';
import { refused, refusedText } from './refused.ts';
import type { Refused } from './vector.ts';

const rsaKey = testKey('rsa-2048');
const ecKey = testKey('p256');

/** Signatures that do not prove that the requester has the key. */
export const signatureVectors: readonly Refused[] = [
  rsa('signature-md5', 'MD5, which has collisions', 'MD5 with RSA', '1.2.840.113549.1.1.4', 'md5'),
  rsa('signature-sha1', 'SHA-1, which has collisions', 'SHA-1 with RSA', OID.sha1WithRSAEncryption, 'sha1'),
  rsa('signature-sha224', 'SHA-224, which nobody needs', 'SHA-224 with RSA', '1.2.840.113549.1.1.14', 'sha224'),
  ecdsa('signature-ecdsa-sha1', 'ECDSA with SHA-1', 'ECDSA with SHA-1', { scheme: { identifier: sequence(objectIdentifier('1.2.840.10045.4.1')), hash: 'sha1' } }),
  ecdsa('signature-ecdsa-sha224', 'ECDSA with SHA-224', 'ECDSA with SHA-224', { scheme: { identifier: sequence(objectIdentifier('1.2.840.10045.4.3.1')), hash: 'sha224' } }),
  signature('signature-rsa-pss', 'RSA-PSS', 'RSA-PSS', {
    key: rsaKey,
    scheme: { identifier: sequence(objectIdentifier('1.2.840.113549.1.1.10'), sequence()), hash: 'sha1' },
    signature: (tbs) => bitString(sign('sha256', tbs, { key: rsaKey.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 })),
  }, 'rsa-2048'),
  signature('signature-unknown', 'an algorithm that nobody knows', 'the signature algorithm 1.2.3.4', { scheme: { identifier: sequence(objectIdentifier('1.2.3.4')), hash: null } }),
  signature('signature-of-another-kind', 'an ECDSA signature for an Ed25519 key', 'a signature by an ECDSA key', { scheme: SCHEMES.ecdsaSha256, signature: (tbs) => signatureOf(tbs, ecKey) }),
  signature('signature-of-another-key', 'a key that somebody else has', 'did not make', { signature: (tbs) => signatureOf(tbs, testKey('ed25519-other')) }),
  signature('signature-of-other-content', 'a good signature over something else', 'did not make', { signature: (tbs) => signatureOf(concat(tbs, bytes(0)), testKey('ed25519')) }),
  signature('signature-flipped', 'one bit of the signature changed', 'did not make', { request: ([info, identifier, bits]) => sequence(...[info, identifier].flatMap((field) => field ?? []), flipped(bits ?? bytes(), -1)) }),
  refusedText('signature-name-changed', 'the SPIFFE ID changed after signing', { field: 'spec.request.signature', reason: 'did not make', twin: 'ed25519' }, pem(replaced(requestDer({ extensions: [SPIFFE_SAN] }), Buffer.from('/ns/foo/'), Buffer.from('/ns/bar/')))),
  rsa('signature-rsa-other-hash', 'an RSA signature over another hash than it says', 'did not make', OID.sha256WithRSAEncryption, 'sha512'),
  signature('signature-rsa-no-parameters', 'sha256WithRSAEncryption without NULL', 'other parameters', { key: rsaKey, scheme: { identifier: sequence(objectIdentifier(OID.sha256WithRSAEncryption)), hash: 'sha256' } }, 'rsa-2048'),
  ecdsa('signature-ecdsa-parameters', 'ecdsa-with-SHA256 with NULL', 'other parameters', { scheme: { identifier: sequence(objectIdentifier(OID.ecdsaWithSHA256), nullValue()), hash: 'sha256' } }),
  signature('signature-ed25519-parameters', 'Ed25519 with NULL', 'other parameters', { scheme: { identifier: sequence(objectIdentifier(OID.ed25519), nullValue()), hash: null } }),
  signature('signature-algorithm-third-field', 'a third field in the algorithm', 'after the last field of the signature algorithm', { scheme: { identifier: sequence(objectIdentifier(OID.ed25519), nullValue(), nullValue()), hash: null } }),
  signature('signature-algorithm-empty', 'an algorithm of nothing', 'nothing for the object identifier', { scheme: { identifier: sequence(), hash: null } }),
  signature('signature-empty', 'no signature bits', 'did not make', { signature: () => bitString(bytes()) }),
  signature('signature-short', 'a signature one octet short', 'did not make', { signature: (tbs) => bitString(sign(null, tbs, testKey('ed25519').privateKey).subarray(0, -1)) }),
  signature('signature-unused-bits', 'a signature with unused bits', 'a signature with 1 unused bits', { signature: (tbs) => bitString(evenLast(sign(null, tbs, testKey('ed25519').privateKey)), 1) }),
  signature('signature-missing', 'no signature', 'nothing for the signature', { request: (fields) => sequence(...fields.slice(0, 2)) }),
  signature('signature-as-octet-string', 'the signature as an OCTET STRING', 'an OCTET STRING for the signature', { signature: () => bytes(0x04, 0x00) }),
  ecdsa('signature-ecdsa-ber', 'an ECDSA signature with a long length', 'did not make', { signature: (tbs) => bitString(longLength(sign('sha256', tbs, ecKey.privateKey))) }),
  ecdsa('signature-ecdsa-raw', 'an ECDSA signature without its DER', 'did not make', { signature: (tbs) => bitString(sign('sha256', tbs, { key: ecKey.privateKey, dsaEncoding: 'ieee-p1363' })) }),
  ecdsa('signature-ecdsa-zero', 'r and s of zero', 'did not make', { signature: () => bitString(sequence(bytes(0x02, 0x01, 0x00), bytes(0x02, 0x01, 0x00))) }),
];

function signature(name: string, what: string, reason: string, parts: RequestParts, twin = 'ed25519'): Refused {
  return refused(name, what, { field: 'spec.request.signature', reason, twin }, parts);
}

function ecdsa(name: string, what: string, reason: string, parts: RequestParts): Refused {
  return signature(name, what, reason, { key: ecKey, ...parts }, 'ztunnel');
}

function rsa(name: string, what: string, reason: string, oid: string, hash: string): Refused {
  return signature(name, what, reason, { key: rsaKey, scheme: { identifier: sequence(objectIdentifier(oid), nullValue()), hash } }, 'rsa-2048');
}

function evenLast(octets: Uint8Array): Uint8Array {
  return concat(octets.subarray(0, -1), bytes((octets.at(-1) ?? 0) & 0xfe));
}
