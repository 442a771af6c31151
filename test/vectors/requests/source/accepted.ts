import { boolean, element, namedBits, objectIdentifier, printableString, sequence, setOf, utf8String } from '../../../../src/core/der-writer.ts';
import { OID } from '../../../../src/core/oid.ts';
import { encodePem } from '../../../../src/core/pem.ts';
import { SCHEMES, testKey } from '../../../support/der/keys.ts';
import { ISTIO_SUBJECT, altNames, attribute, dns, extension, extensionRequest, ip, otherName, requestDer, uri, type RequestParts } from '../../../support/der/request.ts';
import type { Accepted } from './vector.ts';

/** The workload of most vectors. */
export const SPIFFE_ID = 'spiffe://cluster.local/ns/foo/sa/httpbin';
export const SPIFFE_SAN = altNames(uri(SPIFFE_ID));

/** The lines a request of that DER is sent as. */
export function pem(der: Uint8Array): string {
  return encodePem('CERTIFICATE REQUEST', der);
}

const CN_FOO = sequence(objectIdentifier(OID.commonName), utf8String('foo'));
const O_BAR = sequence(objectIdentifier(OID.organizationName), printableString('bar'));
const KEY_USAGE = extension(OID.keyUsage, namedBits([0, 2]), { critical: true });
const EXT_KEY_USAGE = extension(OID.extKeyUsage, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'), objectIdentifier('1.3.6.1.5.5.7.3.2')));
const CA_FALSE = extension(OID.basicConstraints, sequence(), { critical: true });
const CA_FALSE_WRITTEN = extension(OID.basicConstraints, sequence(boolean(false)));
/** RFC 2985 §5.4.1: tools of the nineties ask for one and many still send it. */
export const CHALLENGE_PASSWORD = attribute('1.2.840.113549.1.9.7', utf8String('not a secret'));

export const accepted: readonly Accepted[] = [
  workload('istio-rsa', 'what Istio\'s agents send: RSA 2048, O= without a character, a critical SPIFFE ID', 'RSA-2048', { key: testKey('rsa-2048'), subject: ISTIO_SUBJECT }, 'O='),
  workload('istio-p256', 'an Istio agent with ECC_SIGNATURE_ALGORITHM=ECDSA', 'P-256', { key: testKey('p256'), subject: ISTIO_SUBJECT }, 'O='),
  workload('istio-p384', 'an Istio agent with ECC_CURVE=P384', 'P-384', { key: testKey('p384'), subject: ISTIO_SUBJECT }, 'O='),
  workload('ztunnel', 'what ztunnel sends: P-256 and an empty subject', 'P-256', { key: testKey('p256') }),
  workload('p521', 'the largest curve', 'P-521', { key: testKey('p521') }),
  workload('ed25519', 'the twin of most refused requests', 'Ed25519', {}),
  workload('rsa-2048', 'the smallest RSA key', 'RSA-2048', { key: testKey('rsa-2048') }),
  workload('rsa-3072', 'an RSA key in between', 'RSA-3072', { key: testKey('rsa-3072') }),
  workload('rsa-4096', 'the largest RSA key', 'RSA-4096', { key: testKey('rsa-4096') }),
  workload('rsa-exponent-3', 'the smallest public exponent', 'RSA-2048', { key: testKey('rsa-2048-e3') }),
  workload('rsa-sha384', 'RSA with SHA-384', 'RSA-2048', { key: testKey('rsa-2048'), scheme: SCHEMES.rsaSha384 }),
  workload('rsa-sha512', 'RSA with SHA-512', 'RSA-2048', { key: testKey('rsa-2048'), scheme: SCHEMES.rsaSha512 }),
  workload('p256-sha512', 'a hash longer than the curve', 'P-256', { key: testKey('p256'), scheme: SCHEMES.ecdsaSha512 }),
  request('istiod', "what istiod sends for itself: its service's DNS names", { key: testKey('rsa-2048'), subject: ISTIO_SUBJECT, extensions: [altNames(dns('istiod.istio-system.svc'), dns('istiod-remote.istio-system.svc'), dns('istio-pilot.istio-system.svc'))] }, { key: 'RSA-2048', subject: 'O=', names: ['DNS:istiod.istio-system.svc', 'DNS:istiod-remote.istio-system.svc', 'DNS:istio-pilot.istio-system.svc'] }),
  request('dns-and-ip', 'a DNS name beside addresses of both families', { extensions: [altNames(dns('istiod.istio-system.svc'), ip(127, 0, 0, 1), ip(...Array<number>(15).fill(0), 1))] }, { names: ['DNS:istiod.istio-system.svc', 'IP:127.0.0.1', 'IP:::1'] }),
  request('wildcard', 'a wildcard as the whole first label', { extensions: [altNames(dns('*.foo.svc'))] }, { names: ['DNS:*.foo.svc'] }),
  request('dns-longest-label', 'a label of 63 characters', { extensions: [altNames(dns(`${'a'.repeat(63)}.svc`))] }, { names: [`DNS:${'a'.repeat(63)}.svc`] }),
  request('dns-longest', 'a DNS name of 253 characters', { extensions: [altNames(dns(`${'a.'.repeat(125)}svc`))] }, { names: [`DNS:${'a.'.repeat(125)}svc`] }),
  request('uri-escaped', 'a URI with an octet escaped', { extensions: [altNames(uri('https://foo.svc/%20?a=b#c'))] }, { names: ['URI:https://foo.svc/%20?a=b#c'] }),
  request('other-name', 'an otherName: well-formed, so policy may refuse it by its form', { extensions: [altNames(otherName('1.3.6.1.4.1.311.20.2.3', SPIFFE_ID))] }, { names: ['otherName 1.3.6.1.4.1.311.20.2.3'] }),
  request('email', 'an e-mail address: the same', { extensions: [altNames(uri(SPIFFE_ID), element(0x81, Buffer.from('root@foo.svc')))] }, { names: [`URI:${SPIFFE_ID}`, 'email'] }),
  request('no-attributes', 'an empty list of attributes', {}, { names: [] }),
  request('challenge-password', 'an attribute that is not an extensionRequest, beside one', { attributes: [CHALLENGE_PASSWORD, extensionRequest(SPIFFE_SAN)] }, {}),
  request('all-extensions', 'keyUsage, extKeyUsage and basicConstraints asked for too', { extensions: [KEY_USAGE, EXT_KEY_USAGE, CA_FALSE, SPIFFE_SAN] }, {}),
  request('ca-false-written-out', 'the value of an extension is not looked into here: CA:FALSE may be written out', { extensions: [CA_FALSE_WRITTEN, SPIFFE_SAN] }, {}),
  request('subject', 'a subject of two attributes', { subject: sequence(setOf(O_BAR), setOf(CN_FOO)), extensions: [SPIFFE_SAN] }, { subject: 'CN=foo,O=bar' }),
  request('subject-two-in-one', 'two attributes in one relative name, in order', { subject: sequence(setOf(CN_FOO, O_BAR)), extensions: [SPIFFE_SAN] }, { subject: 'CN=foo+O=bar' }),
  { ...request('white-space', 'white space around the block and CRLF line ends', { extensions: [SPIFFE_SAN] }, {}), text: `\r\n \n${pem(requestDer({ extensions: [SPIFFE_SAN] })).replaceAll('\n', '\r\n')}\r\n\t\n` },
];

/** A request for the one SPIFFE ID. */
function workload(name: string, what: string, key: string, parts: RequestParts, subject = ''): Accepted {
  return request(name, what, { extensions: [SPIFFE_SAN], ...parts }, { key, subject });
}

function request(name: string, what: string, parts: RequestParts, { key = 'Ed25519', subject = '', names = [`URI:${SPIFFE_ID}`] }: { key?: string; subject?: string; names?: readonly string[] }): Accepted {
  return { name, what, expect: 'accepted', key, subject, names, text: pem(requestDer(parts)) };
}
