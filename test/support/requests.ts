import { parseRequest, type CertificateRequest } from '../../src/core/certificate-request.ts';
import { readDer } from '../../src/core/der-reader.ts';
import { bitString, boolean, element, explicit, objectIdentifier, octetString, printableString, sequence, setOf, unsignedInteger, utf8String, type Der } from '../../src/core/der-writer.ts';
import { encodeGeneralNames, type GeneralName } from '../../src/core/general-name.ts';
import { OID } from '../../src/core/oid.ts';
import { encodePem } from '../../src/core/pem.ts';
import type { ExtensionTemplate } from '../../src/core/template.ts';
import { violationText } from '../../src/core/violation.ts';
import { signWith, testKey, type KeyKind, type TestKey } from './keys.ts';

/** What a certificate request is to look like; everything left out is as Istio's agent does it. */
export type RequestShape = {
  /** A kind of key, or the very key. */
  readonly key?: KeyKind | TestKey;
  readonly names?: readonly GeneralName[];
  /** DER of the subject. */
  readonly subject?: Der;
  /** Extensions beside subjectAltName, each written as it is. */
  readonly extensions?: readonly ExtensionTemplate[];
  /** DER of attributes beside the extensionRequest. */
  readonly attributes?: readonly Der[];
};

export const ISTIOD = 'system:serviceaccount:istio-system:istiod';

/** `O=` with no value, as Istio's agent and istiod ask for it; ztunnel's subject is empty. */
export const ISTIO_SUBJECT = subject([[OID.organizationName, printableString('')]]);
export const EMPTY_SUBJECT = sequence();

/** The SPIFFE ID of a service account, as Istio writes it. */
export function spiffe(namespace: string, account = 'app', trustDomain = 'cluster.local'): GeneralName {
  return uri(`spiffe://${trustDomain}/ns/${namespace}/sa/${account}`);
}

export function uri(value: string): GeneralName {
  return { type: 'uri', value };
}

export function dns(value: string): GeneralName {
  return { type: 'dns', value };
}

export function ip(value: string): GeneralName {
  return { type: 'ip', value };
}

/** An otherName that spells text in the form of a user principal name: istiod's own comparison overlooks it. */
export function otherName(text: string, type = '1.3.6.1.4.1.311.20.2.3'): GeneralName {
  const der = explicit(0, objectIdentifier(type), explicit(0, utf8String(text)));
  return { type: 'unsupported', form: `otherName ${type}`, der };
}

export function email(address: string): GeneralName {
  return { type: 'unsupported', form: 'email', der: element(0x81, Buffer.from(address, 'latin1')) };
}

/** A Name of one attribute in each relative name: `[[OID.commonName, utf8String('x')]]`. */
export function subject(attributes: readonly (readonly [string, Der])[]): Der {
  return sequence(...attributes.map(([type, value]) => setOf(sequence(objectIdentifier(type), value))));
}

export function commonName(text: string): Der {
  return subject([[OID.commonName, utf8String(text)]]);
}

/** DER of a PKCS#10 request, signed by its own key. */
export function csrDer({ key = 'P-256', names = [], subject: name = ISTIO_SUBJECT, extensions = [], attributes = [] }: RequestShape = {}): Uint8Array {
  const pair = typeof key === 'string' ? testKey(key) : key;
  const all = [...(names.length > 0 ? [{ oid: OID.subjectAltName, critical: true, value: generalNames(names) }] : []), ...extensions];
  const requested = all.length > 0 ? [sequence(objectIdentifier(OID.extensionRequest), setOf(sequence(...all.map(extension))))] : [];
  const sorted = [...requested, ...attributes].sort(Buffer.compare);
  const info = sequence(unsignedInteger(Uint8Array.of(0)), name, pair.publicKey.spki, explicit(0, ...sorted));
  const { scheme, signature } = signWith(pair, info);
  return sequence(info, scheme.identifier, bitString(signature));
}

/** The PEM text of spec.request. */
export function csrPem(shape: RequestShape = {}): string {
  return encodePem('CERTIFICATE REQUEST', csrDer(shape));
}

/** The request as core reads it; throws when core refuses to. */
export function parsed(shape: RequestShape = {}): CertificateRequest {
  const result = parseRequest(csrPem(shape));
  if (!result.ok) throw new Error(`The test's own request is malformed: ${violationText(result.violation)}`);
  return result.request;
}

function generalNames(names: readonly GeneralName[]): Der {
  return sequence(...names.map((name) => (name.type === 'unsupported' ? name.der : readDer(encodeGeneralNames([name])).content)));
}

function extension({ oid, critical, value }: ExtensionTemplate): Der {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}
