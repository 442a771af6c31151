import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { bitString, boolean, explicit, objectIdentifier, octetString, printableString, sequence, setOf, unsignedInteger, utf8String, type Der } from '../core/der-writer.ts';
import { readDer } from '../core/der-reader.ts';
import { encodeGeneralNames, type GeneralName } from '../core/general-name.ts';
import { OID } from '../core/oid.ts';
import { encodePem } from '../core/pem.ts';
import { readPublicKey } from '../core/public-key.ts';
import { signatureScheme } from '../core/template.ts';

export const MADE_KEYS = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521', 'Ed25519'] as const;
export type MadeKey = (typeof MADE_KEYS)[number];

/** `spki` is DER. */
export type KeyPair = { readonly privateKey: KeyObject; readonly spki: Uint8Array };

/** What a request is to ask for; everything else is as Istio's agent does it. */
export type MadeRequest = { readonly pair: KeyPair; readonly names: readonly GeneralName[]; /** CN of the subject; null: `O=` without a value, as Istio writes it. */ readonly commonName: string | null };

/** The PEM of a request, signed by its own key (istio: security/pkg/pki/util/generate_csr.go): the names are one critical extension. */
export function madeRequest({ pair: { privateKey, spki }, names, commonName }: MadeRequest): string {
  const subject = commonName === null ? relativeName(OID.organizationName, printableString('')) : relativeName(OID.commonName, utf8String(commonName));
  const san = sequence(objectIdentifier(OID.subjectAltName), boolean(true), octetString(encodeGeneralNames(names)));
  const requested = names.length === 0 ? [] : [sequence(objectIdentifier(OID.extensionRequest), setOf(sequence(san)))];
  const info = sequence(unsignedInteger(Uint8Array.of(0)), subject, spki, explicit(0, ...requested));
  const node = readDer(spki);
  const scheme = signatureScheme(readPublicKey(node, { maxRsaBits: 4096, parent: node }).algorithm);
  return encodePem('CERTIFICATE REQUEST', sequence(info, scheme.identifier, bitString(sign(scheme.digest, info, privateKey))));
}

/** A key that nobody else has. RSA-4096 takes a second. */
export function newPair(kind: MadeKey): KeyPair {
  const { privateKey, publicKey } = generated(kind);
  return { privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) };
}

function relativeName(type: string, value: Der): Der {
  return sequence(setOf(sequence(objectIdentifier(type), value)));
}

function generated(kind: MadeKey): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (kind) {
    case 'RSA-2048':
    case 'RSA-3072':
    case 'RSA-4096':
      return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(4)) });
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return generateKeyPairSync('ec', { namedCurve: kind });
    case 'Ed25519':
      return generateKeyPairSync('ed25519');
  }
}
