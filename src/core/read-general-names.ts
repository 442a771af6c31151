import { DerError } from './der-error.ts';
import { type DerNode, readDer } from './der-reader.ts';
import { TAG, expectNode, oidValue, tagName } from './der-value.ts';
import type { GeneralName } from './general-name.ts';
import { ipAddressText, isMappedIpv4 } from './ip-address.ts';
import { quoted } from './violation.ts';

/** Each name is judged by each rule of each alternative: thousands in one request would take the time of every other tenant. */
const MAX_NAMES = 100;

/**
 * Reads the value of a subjectAltName extension (RFC 5280 §4.2.1.6): one name to a hundred. `offset` is its position in
 * the outermost encoding. A name of a form that a
 * workload has no use for becomes `unsupported`; a name that is not what its form demands throws DerError, so that
 * no later reader can see something else in it (a NUL that ends the name, a dNSName that spells an address).
 */
export function readGeneralNames(value: Uint8Array, offset = 0): GeneralName[] {
  const node = readDer(value, { offset });
  expectNode(node, TAG.sequence, 'the alternative names', node);
  if (node.children.length === 0) throw new DerError({ found: 'an empty list of names', allowed: 'at least one name', offset: node.offset });
  if (node.children.length > MAX_NAMES) throw new DerError({ found: `${node.children.length} names`, allowed: `at most ${MAX_NAMES}`, offset: node.offset });
  return node.children.map(readGeneralName);
}

function readGeneralName(node: DerNode): GeneralName {
  const form = FORMS[node.identifier];
  if (form === undefined) {
    throw new DerError({ found: `a name of an unknown form: ${tagName(node.identifier)}`, allowed: 'a URI, a DNS name or an IP address', offset: node.offset });
  }
  return form(node);
}

/** By identifier octet (RFC 5280 §4.2.1.6): [0], [3], [4] and [5] are constructed, the others are not. */
const FORMS: Readonly<Record<number, (node: DerNode) => GeneralName>> = {
  0xa0: (node) => unsupported(node, `otherName ${otherNameType(node)}`),
  0x81: (node) => unsupported(node, 'email'),
  0x82: readDns,
  0xa3: (node) => unsupported(node, 'x400Address'),
  0xa4: (node) => unsupported(node, 'directoryName'),
  0xa5: (node) => unsupported(node, 'ediPartyName'),
  0x86: readUri,
  0x87: readIp,
  0x88: (node) => unsupported(node, 'registeredID'),
};

function unsupported(node: DerNode, form: string): GeneralName {
  return { type: 'unsupported', form, der: node.der };
}

function otherNameType(node: DerNode): string {
  const type = expectNode(node.children[0], TAG.oid, 'the type of an otherName', node);
  return oidValue(type);
}

/** RFC 1034 §3.5 as RFC 5280 demands it, plus one wildcard as the whole leftmost label (RFC 6125 §6.4.3). */
const DNS_LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** RFC 1035 §2.3.4, without the root label. */
const MAX_DNS_NAME = 253;

function readDns(node: DerNode): GeneralName {
  const value = Buffer.from(node.content).toString('latin1');
  const labels = value.split('.');
  const [first, ...rest] = labels;
  const plain = first === '*' && rest.length > 0 ? rest : labels;
  if (value.length > MAX_DNS_NAME || !plain.every((label) => DNS_LABEL.test(label))) {
    const allowed = 'labels of letters, digits and hyphens; a wildcard only as the whole first label';
    throw new DerError({ found: `the DNS name ${quoted(value)}`, allowed, offset: node.offset });
  }
  // Resolvers and URL parsers take a name that ends in a number for an IPv4 address (WHATWG URL, "ends in a number").
  if (/^\d+$/.test(labels.at(-1) ?? '')) {
    throw new DerError({ found: `the DNS name ${quoted(value)}, which reads as an address`, allowed: 'an IP address as iPAddress', offset: node.offset });
  }
  return { type: 'dns', value };
}

/** RFC 3986 §2 and §3.1: a scheme, a colon, something, nothing outside the character set, every % followed by two hex digits. */
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

/** The longest SPIFFE ID (SPIFFE-ID §2.3); no other URI a workload has is longer. */
const MAX_URI = 2048;

function readUri(node: DerNode): GeneralName {
  const value = Buffer.from(node.content).toString('latin1');
  if (value.length > MAX_URI || !URI.test(value)) {
    throw new DerError({ found: `the URI ${quoted(value)}`, allowed: `a scheme and up to ${MAX_URI} characters of RFC 3986`, offset: node.offset });
  }
  return { type: 'uri', value };
}

function readIp(node: DerNode): GeneralName {
  if (node.content.length !== 4 && node.content.length !== 16) {
    throw new DerError({ found: `an IP address of ${node.content.length} octets`, allowed: '4 or 16 octets', offset: node.offset });
  }
  // Go matches ::ffff:10.0.0.1 as 10.0.0.1, others do not: a rule about one would be passed by the other.
  if (isMappedIpv4(node.content)) {
    const found = `the IPv4 address ${node.content.subarray(12).join('.')} mapped into IPv6`;
    throw new DerError({ found, allowed: 'an IPv4 address in 4 octets', offset: node.offset });
  }
  return { type: 'ip', value: ipAddressText(node.content) };
}
