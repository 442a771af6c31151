import { type Der, boolean, element, explicit, implicit, objectIdentifier, octetString, printableString, sequence, setOf, unsignedInteger } from '../../../src/core/der-writer.ts';
import { OID } from '../../../src/core/oid.ts';
import { type Scheme, type TestKey, signatureOf, testKey } from './keys.ts';

/**
 * A PKCS#10 request, every part of which a test can replace by other bytes; what is replaced is signed all the same,
 * so that a request is wrong in one respect only.
 */
export type RequestParts = {
  readonly key?: TestKey;
  readonly version?: Der;
  readonly subject?: Der;
  readonly spki?: Uint8Array;
  /** Extensions of the one extensionRequest. */
  readonly extensions?: readonly Der[];
  /** Attributes instead of the extensionRequest. */
  readonly attributes?: readonly Der[];
  /** The whole list of fields of the certificationRequestInfo, made from the usual ones. */
  readonly info?: (fields: readonly Der[]) => Uint8Array;
  readonly scheme?: Scheme;
  /** The signature's BIT STRING, made from what is signed. */
  readonly signature?: (tbs: Uint8Array) => Uint8Array;
  /** The whole request, made from its usual three fields. */
  readonly request?: (fields: readonly Der[]) => Uint8Array;
};

export const EMPTY_SUBJECT = sequence();

/** What Istio's agents send: an organization of no characters (istio: util.GenCSRTemplate). */
export const ISTIO_SUBJECT = sequence(setOf(sequence(objectIdentifier(OID.organizationName), printableString(''))));

/** DER of a request: by default the Ed25519 key's, with an empty subject and no attribute. */
export function requestDer(parts: RequestParts = {}): Uint8Array {
  const key = parts.key ?? testKey('ed25519');
  const attributes = parts.attributes ?? (parts.extensions === undefined ? [] : [extensionRequest(...parts.extensions)]);
  const fields = [parts.version ?? unsignedInteger(Uint8Array.of(0)), parts.subject ?? EMPTY_SUBJECT, parts.spki ?? key.spki, explicit(0, ...attributes)];
  const info = (parts.info ?? ((all) => sequence(...all)))(fields);
  const scheme = parts.scheme ?? key.scheme;
  const signature = (parts.signature ?? ((tbs) => signatureOf(tbs, key, scheme)))(info);
  return (parts.request ?? ((all) => sequence(...all)))([info, scheme.identifier, signature]);
}

/** The attribute of RFC 2985 §5.4.2. */
export function extensionRequest(...extensions: readonly Der[]): Der {
  return attribute(OID.extensionRequest, sequence(...extensions));
}

export function attribute(type: string, ...values: readonly Der[]): Der {
  return sequence(objectIdentifier(type), setOf(...values));
}

export function extension(oid: string, value: Uint8Array, { critical = false }: { critical?: boolean } = {}): Der {
  return critical ? sequence(objectIdentifier(oid), boolean(true), octetString(value)) : sequence(objectIdentifier(oid), octetString(value));
}

/** A critical subjectAltName, as Istio sends it. */
export function altNames(...names: readonly Der[]): Der {
  return extension(OID.subjectAltName, sequence(...names), { critical: true });
}

export function uri(text: string): Der {
  return implicit(6, Buffer.from(text, 'latin1'));
}

export function dns(text: string): Der {
  return implicit(2, Buffer.from(text, 'latin1'));
}

export function ip(...octets: readonly number[]): Der {
  return implicit(7, Uint8Array.from(octets));
}

/** [0] otherName of that type, holding an UTF8String. */
export function otherName(type: string, text: string): Der {
  return element(0xa0, objectIdentifier(type), explicit(0, element(0x0c, Buffer.from(text, 'utf8'))));
}
