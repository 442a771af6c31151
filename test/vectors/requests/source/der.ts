import { element, explicit, nullValue, objectIdentifier, octetString, printableString, sequence, setOf, unsignedInteger, utf8String } from '../../../../src/core/der-writer.ts';
import { OID } from '../../../../src/core/oid.ts';
import { bytes, concat, indefiniteLength, longLength, retagged } from '../../../support/der/raw.ts';
import { attribute, extensionRequest, requestDer, type RequestParts } from '../../../support/der/request.ts';
import { SPIFFE_SAN, pem } from './accepted.ts';
import { refused, refusedText } from './refused.ts';
import type { Refused } from './vector.ts';

const DER = requestDer({ extensions: [SPIFFE_SAN] });
const CN_FOO = sequence(objectIdentifier(OID.commonName), utf8String('foo'));
const O_BAR = sequence(objectIdentifier(OID.organizationName), printableString('bar'));

/** Not DER, or not a CertificationRequest. All but the first group carry a good signature over what they say. */
export const derVectors: readonly Refused[] = [
  whole('der-trailing', 'a byte after the request', '1 bytes after the end', concat(DER, bytes(0))),
  whole('der-second-object', 'a second object after the request', 'after the end', concat(DER, nullValue())),
  whole('der-truncated', 'the last byte missing', 'where', DER.subarray(0, -1)),
  whole('der-one-byte', 'a single byte', 'instead of a length', bytes(0x30)),
  whole('der-indefinite-length', 'an indefinite length outside', 'an indefinite length', indefiniteLength(DER)),
  whole('der-long-length', 'the outer length with a leading zero octet', 'written in', longLength(DER)),
  whole('der-huge-length', 'a length of four octets', 'a length of 4 octets', bytes(0x30, 0x84, 0xff, 0xff, 0xff, 0xff)),
  whole('der-set', 'a SET instead of the outer SEQUENCE', 'a SET for the request', setOf(element(0x02, bytes(0)))),
  whole('der-null', 'a NULL instead of the request', 'a NULL for the request', nullValue()),
  whole('der-end-of-contents', 'nothing but zeros', 'the universal type 0', bytes(0, 0)),
  strict('der-indefinite-inside', 'an indefinite length inside', 'an indefinite length', { info: (fields) => indefiniteLength(sequence(...fields)) }),
  strict('der-long-length-inside', 'a length with a leading zero octet inside', 'written in', { info: (fields) => longLength(sequence(...fields)) }),
  strict('der-long-form', 'a short length in the long form', 'the length 1 written in 2 octets', { version: bytes(0x02, 0x81, 0x01, 0x00) }),
  strict('der-multi-octet-tag', 'a tag number in more octets', 'a multi-octet tag', withAttributeValue(bytes(0x1f, 0x85, 0x01, 0x00))),
  strict('der-deep', 'forty SEQUENCEs in each other', 'nested more than 32 deep', withAttributeValue(nested(40))),
  strict('der-many', 'five thousand NULLs', 'more than 4096 elements', withAttributeValue(sequence(...Array<Uint8Array>(5000).fill(nullValue())))),
  strict('der-octet-string-in-pieces', 'an extension value in pieces', 'in pieces (0x24)', { extensions: [sequence(objectIdentifier(OID.subjectAltName), element(0x24, octetString(bytes(0x30, 0x00))))] }),
  strict('der-primitive-sequence', 'a SEQUENCE without the constructed bit', 'a primitive SEQUENCE', { subject: bytes(0x10, 0x00) }),
  strict('der-boolean-one', 'TRUE as 01', 'a BOOLEAN with the content 01', { extensions: [sequence(objectIdentifier(OID.subjectAltName), bytes(0x01, 0x01, 0x01), octetString(bytes(0x30, 0x00)))] }),
  strict('der-boolean-long', 'a BOOLEAN of two octets', 'a BOOLEAN with the content 00ff', withAttributeValue(bytes(0x01, 0x02, 0x00, 0xff))),
  strict('der-integer-empty', 'a version of no octets', 'an INTEGER with the content (nothing)', { version: bytes(0x02, 0x00) }),
  strict('der-integer-padded', 'a version of two zero octets', 'an INTEGER with the content 0000', { version: bytes(0x02, 0x02, 0x00, 0x00) }),
  strict('der-bit-string-padding', 'unused bits that are not zero', 'a BIT STRING with the content 0101', withAttributeValue(bytes(0x03, 0x02, 0x01, 0x01))),
  strict('der-bit-string-eight', 'eight unused bits', 'a BIT STRING with the content 0800', withAttributeValue(bytes(0x03, 0x02, 0x08, 0x00))),
  strict('der-bit-string-empty', 'a BIT STRING without its first octet', 'a BIT STRING with the content (nothing)', withAttributeValue(bytes(0x03, 0x00))),
  strict('der-null-with-content', 'a NULL with content', 'a NULL with the content 00', withAttributeValue(bytes(0x05, 0x01, 0x00))),
  strict('der-oid-padded', 'an arc with a leading 0x80, which asn1js reads like the plain one', 'an OBJECT IDENTIFIER with the content 55801d11', withAttributeValue(bytes(0x06, 0x04, 0x55, 0x80, 0x1d, 0x11))),
  strict('der-oid-cut', 'an arc that does not end', 'an OBJECT IDENTIFIER with the content 5581', withAttributeValue(bytes(0x06, 0x02, 0x55, 0x81))),
  strict('der-oid-empty', 'an object identifier of no octets', 'an OBJECT IDENTIFIER with the content (nothing)', withAttributeValue(bytes(0x06, 0x00))),
  strict('der-set-unsorted', 'two attributes in one relative name, out of order', 'not in ascending order', { subject: sequence(element(0x31, O_BAR, CN_FOO)) }, 'subject-two-in-one'),
  strict('der-utf8-invalid', 'a surrogate in UTF-8', 'a UTF8String with the content eda080', subject(element(0x0c, bytes(0xed, 0xa0, 0x80))), 'subject'),
  strict('der-utf8-latin1', 'Latin-1 called UTF-8', 'a UTF8String with the content 666ff6', subject(element(0x0c, bytes(0x66, 0x6f, 0xf6))), 'subject'),
  strict('der-utf8-nul', 'a NUL in UTF-8', 'a UTF8String with the content 666f6f00626172', subject(utf8String('foo\0bar')), 'subject'),
  strict('der-printable', 'an @ in a PrintableString', 'a PrintableString with the content 666f6f40626172', subject(printableString('foo@bar')), 'subject'),
  strict('der-ia5', 'a character over ASCII in an IA5String', 'an IA5String with the content 666ff6', subject(element(0x16, bytes(0x66, 0x6f, 0xf6))), 'subject'),
  strict('der-visible', 'an escape in a VisibleString', 'a VisibleString with the content 1b', subject(element(0x1a, bytes(0x1b))), 'subject'),
  strict('der-bmp-odd', 'half a character in a BMPString', 'a BMPString with the content 00', subject(element(0x1e, bytes(0))), 'subject'),
  strict('der-month-13', 'a signing time in month 13', 'a UTCTime with the content 3236313330313030303030305a', withAttributeValue(element(0x17, Buffer.from('261301000000Z')))),
  strict('der-february-30', 'the 30th of February', 'a GeneralizedTime with', withAttributeValue(element(0x18, Buffer.from('20260230000000Z')))),
  strict('der-time-offset', 'a time with an offset', 'a UTCTime with', withAttributeValue(element(0x17, Buffer.from('2601010000+0100')))),
  strict('der-time-fraction', 'a time with a fraction', 'a GeneralizedTime with', withAttributeValue(element(0x18, Buffer.from('20260101000000.5Z')))),
  strict('der-real', 'a REAL, which nothing here uses', 'the universal type 9', withAttributeValue(bytes(0x09, 0x00))),
  strict('info-version-1', 'version 1', 'version 1', { version: unsignedInteger(bytes(1)) }),
  strict('info-version-negative', 'version -1', 'below zero, for the version', { version: bytes(0x02, 0x01, 0xff) }),
  strict('info-no-version', 'no version', 'a SEQUENCE for the version', { info: ([, ...rest]) => sequence(...rest) }),
  strict('info-no-attributes', 'no attributes, not even an empty list', 'nothing for the attributes', { info: (fields) => sequence(...fields.slice(0, 3)) }),
  strict('info-attributes-as-set', 'attributes in a plain SET', 'a SET for the attributes', { info: ([a, b, c]) => sequence(...[a, b, c].flatMap((field) => field ?? []), setOf(extensionRequest(SPIFFE_SAN))) }),
  strict('info-fifth-field', 'a field after the attributes', 'after the last field', { info: (fields) => sequence(...fields, explicit(1)) }),
  strict('request-fourth-field', 'a field after the signature', 'after the last field', { request: (fields) => sequence(...fields, nullValue()) }),
  strict('request-info-as-set', 'the signed part tagged as a SET', 'a SET for the certificationRequestInfo', { info: (fields) => retagged(sequence(...fields), 0x31) }),
];

function whole(name: string, what: string, reason: string, der: Uint8Array): Refused {
  return refusedText(name, what, { field: 'spec.request', reason }, pem(der));
}

function strict(name: string, what: string, reason: string, parts: RequestParts, twin = 'ed25519'): Refused {
  return refused(name, what, { field: 'spec.request', reason, twin }, parts);
}

/** An attribute nobody knows, beside the extensionRequest. */
function withAttributeValue(value: Uint8Array): RequestParts {
  return { attributes: [attribute('1.2.3', value), extensionRequest(SPIFFE_SAN)] };
}

function subject(value: Uint8Array): RequestParts {
  return { subject: sequence(setOf(sequence(objectIdentifier(OID.commonName), value))) };
}

function nested(depth: number): Uint8Array {
  return depth === 0 ? nullValue() : sequence(nested(depth - 1));
}
