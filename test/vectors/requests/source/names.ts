import { element, explicit, implicit, nullValue, sequence, utf8String } from '../../../../src/core/der-writer.ts';
import { OID } from '../../../../src/core/oid.ts';
import { bytes, concat, longLength } from '../../../support/der/raw.ts';
import { dns, extension, ip, uri } from '../../../support/der/request.ts';
import { SPIFFE_ID } from './accepted.ts';
import { refused, refusedNames } from './refused.ts';
import type { Refused } from './vector.ts';

const NAMES = sequence(uri(SPIFFE_ID));

/** Alternative names that are not what their form demands. */
export const nameVectors: readonly Refused[] = [
  refusedNames('names-none', 'no name at all', { reason: 'an empty list of names' }),
  value('names-not-a-sequence', 'one name without the list around it', 'for the alternative names', uri(SPIFFE_ID)),
  value('names-trailing', 'a byte after the list', 'after the end of the outermost element', concat(NAMES, bytes(0))),
  value('names-ber', 'a long length in the list', 'written in', longLength(NAMES)),
  value('names-nothing', 'an extension value of no octets', 'the end of the data', bytes()),
  refusedNames('name-ia5-string', 'a universal string instead of a form', { reason: 'a name of an unknown form: an IA5String' }, element(0x16, Buffer.from(SPIFFE_ID))),
  refusedNames('name-tag-9', 'a form that does not exist, which slips through istiod', { reason: 'a name of an unknown form' }, implicit(9, Buffer.from(SPIFFE_ID))),
  refusedNames('name-uri-constructed', 'a URI with the constructed bit', { reason: 'a name of an unknown form' }, element(0xa6, utf8String(SPIFFE_ID))),
  refusedNames('name-second-bad', 'a bad name behind a good one', { reason: 'an IP address of 3 octets' }, uri(SPIFFE_ID), ip(10, 0, 0)),
  refusedNames('name-other-no-type', 'an otherName without its type', { reason: 'nothing for the type of an otherName', twin: 'other-name' }, element(0xa0)),
  refusedNames('name-other-type-not-oid', 'an otherName whose type is a string', { reason: 'a UTF8String for the type of an otherName', twin: 'other-name' }, element(0xa0, utf8String('1.2.3'), explicit(0, nullValue()))),
  refusedNames('uri-nul', 'a NUL that ends the name for a reader in C', { reason: String.raw`the URI "${SPIFFE_ID}\u{0}.evil"` }, uri(`${SPIFFE_ID}\0.evil`)),
  refusedNames('uri-newline', 'a line break', { reason: String.raw`\u{a}` }, uri(`${SPIFFE_ID}\n`)),
  refusedNames('uri-space', 'a space', { reason: 'the URI "spiffe://cluster.local/ns/foo/sa/http bin"' }, uri('spiffe://cluster.local/ns/foo/sa/http bin')),
  refusedNames('uri-latin1', 'a character over ASCII', { reason: String.raw`\u{f6}` }, uri('spiffe://cluster.local/ns/foo/sa/f\u00f6\u00f6')),
  refusedNames('uri-backslash', 'a backslash, which some parsers take for a slash', { reason: 'the URI' }, uri('spiffe:\\\\cluster.local/ns/foo')),
  refusedNames('uri-percent', 'a percent sign without two digits', { reason: 'the URI', twin: 'uri-escaped' }, uri('https://foo.svc/%2')),
  refusedNames('uri-no-scheme', 'a URI without a scheme', { reason: 'the URI "cluster.local/ns/foo"' }, uri('cluster.local/ns/foo')),
  refusedNames('uri-scheme-digit', 'a scheme that starts with a digit', { reason: 'the URI "1spiffe:' }, uri('1spiffe://cluster.local')),
  refusedNames('uri-scheme-only', 'a scheme and nothing', { reason: 'the URI "spiffe:"' }, uri('spiffe:')),
  refusedNames('uri-empty', 'a URI of no characters', { reason: 'the URI ""' }, uri('')),
  refusedNames('uri-long', 'a URI over 2048 characters', { reason: 'the URI "spiffe://cluster.local/aaa' }, uri(`spiffe://cluster.local/${'a'.repeat(2048)}`)),
  refusedNames('dns-empty', 'a DNS name of no characters', { reason: 'the DNS name ""', twin: 'istiod' }, dns('')),
  refusedNames('dns-nul', 'a NUL in a DNS name', { reason: String.raw`istiod.istio-system.svc\u{0}.foo.svc`, twin: 'istiod' }, dns('istiod.istio-system.svc\0.foo.svc')),
  refusedNames('dns-underscore', 'an underscore', { reason: 'the DNS name "foo_bar.svc"', twin: 'istiod' }, dns('foo_bar.svc')),
  refusedNames('dns-hyphen-first', 'a label that starts with a hyphen', { reason: 'the DNS name "-foo.svc"', twin: 'istiod' }, dns('-foo.svc')),
  refusedNames('dns-hyphen-last', 'a label that ends with a hyphen', { reason: 'the DNS name "foo-.svc"', twin: 'istiod' }, dns('foo-.svc')),
  refusedNames('dns-empty-label', 'two dots in a row', { reason: 'the DNS name "foo..svc"', twin: 'istiod' }, dns('foo..svc')),
  refusedNames('dns-root', 'a dot at the end', { reason: 'the DNS name "foo.svc."', twin: 'istiod' }, dns('foo.svc.')),
  refusedNames('dns-label-64', 'a label of 64 characters', { reason: 'the DNS name "aaa', twin: 'dns-longest-label' }, dns(`${'a'.repeat(64)}.svc`)),
  refusedNames('dns-254', 'a DNS name of 254 characters', { reason: 'the DNS name "a.a.', twin: 'dns-longest' }, dns(`${'a.'.repeat(125)}svcs`)),
  refusedNames('dns-space', 'a space, which stands for "any" in some tools', { reason: 'the DNS name " "', twin: 'istiod' }, dns(' ')),
  refusedNames('dns-latin1', 'a character over ASCII', { reason: String.raw`\u{f6}`, twin: 'istiod' }, dns('f\u00f6\u00f6.svc')),
  refusedNames('dns-wildcard-alone', 'nothing but a wildcard', { reason: 'the DNS name "*"', twin: 'wildcard' }, dns('*')),
  refusedNames('dns-wildcard-partial', 'a wildcard as part of a label', { reason: 'the DNS name "f*.foo.svc"', twin: 'wildcard' }, dns('f*.foo.svc')),
  refusedNames('dns-wildcard-inside', 'a wildcard as another label', { reason: 'the DNS name "foo.*.svc"', twin: 'wildcard' }, dns('foo.*.svc')),
  refusedNames('dns-wildcard-twice', 'two wildcards', { reason: 'the DNS name "*.*.svc"', twin: 'wildcard' }, dns('*.*.svc')),
  refusedNames('dns-address', 'an address as a DNS name', { reason: 'which reads as an address', twin: 'dns-and-ip' }, dns('10.0.0.1')),
  refusedNames('dns-number', 'a name that ends in a number', { reason: 'which reads as an address', twin: 'istiod' }, dns('foo.1')),
  refusedNames('ip-empty', 'an address of no octets', { reason: 'an IP address of 0 octets', twin: 'dns-and-ip' }, ip()),
  refusedNames('ip-5-octets', 'an address of five octets', { reason: 'an IP address of 5 octets', twin: 'dns-and-ip' }, ip(10, 0, 0, 1, 0)),
  refusedNames('ip-network', 'an address with a mask, as in name constraints', { reason: 'an IP address of 8 octets', twin: 'dns-and-ip' }, ip(10, 0, 0, 0, 255, 0, 0, 0)),
  refusedNames('ip-text', 'an address as text', { reason: 'an IP address of 9 octets', twin: 'dns-and-ip' }, implicit(7, Buffer.from('127.0.0.1'))),
  refusedNames('ip-mapped', 'an IPv4 address mapped into IPv6', { reason: 'the IPv4 address 127.0.0.1 mapped', twin: 'dns-and-ip' }, ip(...Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1)),
];

function value(name: string, what: string, reason: string, san: Uint8Array): Refused {
  return refused(name, what, { field: 'spec.request.subjectAltName', reason }, { extensions: [extension(OID.subjectAltName, san, { critical: true })] });
}
