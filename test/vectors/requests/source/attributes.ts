import { boolean, element, namedBits, nullValue, objectIdentifier, octetString, sequence, setOf } from '../../../../src/core/der-writer.ts';
import { OID } from '../../../../src/core/oid.ts';
import { bytes } from '../../../support/der/raw.ts';
import { attribute, extension, extensionRequest, uri, type RequestParts } from '../../../support/der/request.ts';
import { CHALLENGE_PASSWORD, SPIFFE_ID, SPIFFE_SAN } from './accepted.ts';
import { refused } from './refused.ts';
import type { Refused } from './vector.ts';

const KEY_USAGE = extension(OID.keyUsage, namedBits([0]), { critical: true });
const SAN_VALUE = sequence(uri(SPIFFE_ID));
const MICROSOFT = '1.3.6.1.4.1.311.2.1.14';

/** Attributes and extensions that two readers could read in two ways, or that are not there in full. */
export const attributeVectors: readonly Refused[] = [
  bad('attribute-two-extension-requests', 'two extensionRequest attributes', `the attribute ${OID.extensionRequest} twice`, { attributes: [extensionRequest(SPIFFE_SAN), extensionRequest(SPIFFE_SAN)] }),
  bad('attribute-two-values', 'an extensionRequest with two values', 'an extensionRequest with 2 values', { attributes: [attribute(OID.extensionRequest, sequence(SPIFFE_SAN), sequence(KEY_USAGE))] }),
  bad('attribute-no-value', 'an extensionRequest without a value', 'without a value', { attributes: [attribute(OID.extensionRequest)] }),
  bad('attribute-unknown-no-value', 'another attribute without a value', 'the attribute 1.2.3 without a value', { attributes: [attribute('1.2.3'), extensionRequest(SPIFFE_SAN)] }, 'challenge-password'),
  bad('attribute-twice', 'another attribute twice', 'the attribute 1.2.840.113549.1.9.7 twice', { attributes: [CHALLENGE_PASSWORD, CHALLENGE_PASSWORD, extensionRequest(SPIFFE_SAN)] }, 'challenge-password'),
  bad('attribute-order', 'attributes out of order', 'attributes that are not in ascending order', { attributes: [extensionRequest(SPIFFE_SAN), CHALLENGE_PASSWORD] }, 'challenge-password'),
  bad('attribute-microsoft', "Microsoft's extensionRequest, which OpenSSL reads and Go does not", `the attribute ${MICROSOFT}`, { attributes: [attribute(MICROSOFT, sequence(SPIFFE_SAN))] }),
  bad('attribute-microsoft-too', "Microsoft's extensionRequest beside the standard one", `the attribute ${MICROSOFT}`, { attributes: [extensionRequest(SPIFFE_SAN), attribute(MICROSOFT, sequence(KEY_USAGE))].sort(Buffer.compare) }),
  bad('attribute-value-as-sequence', 'values in a SEQUENCE', 'a SEQUENCE for the values', { attributes: [sequence(objectIdentifier(OID.extensionRequest), sequence(sequence(SPIFFE_SAN)))] }),
  bad('attribute-no-type', 'an attribute without its type', 'a SET for the type', { attributes: [sequence(setOf(sequence(SPIFFE_SAN)))] }),
  bad('attribute-third-field', 'a field after the values', 'after the last field of the attribute', { attributes: [sequence(objectIdentifier(OID.extensionRequest), setOf(sequence(SPIFFE_SAN)), nullValue())] }),
  bad('attribute-not-a-sequence', 'an attribute that is a SET', 'a SET for an attribute', { attributes: [setOf(objectIdentifier('1.2.3'))] }),
  bad('extensions-empty', 'an extensionRequest for nothing', 'an empty list of extensions', { extensions: [] }),
  bad('extensions-as-set', 'extensions in a SET', 'a SET for the extensions', { attributes: [attribute(OID.extensionRequest, setOf(SPIFFE_SAN))] }),
  bad('extension-twice', 'two subjectAltNames', `the extension ${OID.subjectAltName} twice`, { extensions: [SPIFFE_SAN, SPIFFE_SAN] }),
  bad('extension-twice-apart', 'two keyUsages around the subjectAltName', `the extension ${OID.keyUsage} twice`, { extensions: [KEY_USAGE, SPIFFE_SAN, KEY_USAGE] }),
  bad('extension-critical-false', 'critical FALSE written out', 'critical FALSE written out', { extensions: [sequence(objectIdentifier(OID.subjectAltName), boolean(false), octetString(SAN_VALUE))] }),
  bad('extension-no-value', 'an extension without its value', 'nothing for the value', { extensions: [sequence(objectIdentifier(OID.subjectAltName))] }),
  bad('extension-value-not-octets', 'a value that is not an OCTET STRING', 'a SEQUENCE for the value', { extensions: [sequence(objectIdentifier(OID.subjectAltName), SAN_VALUE)] }),
  bad('extension-fourth-field', 'a field after the value', 'after the last field of the extension', { extensions: [sequence(objectIdentifier(OID.subjectAltName), boolean(true), octetString(SAN_VALUE), nullValue())] }),
  bad('extension-no-type', 'an extension without its type', 'an OCTET STRING for the object identifier', { extensions: [sequence(octetString(SAN_VALUE))] }),
  bad('extension-not-a-sequence', 'an extension that is only its type', 'an OBJECT IDENTIFIER for an extension', { extensions: [objectIdentifier(OID.subjectAltName)] }),
  subject('subject-as-set', 'a subject that is a SET', 'a SET for the subject', setOf()),
  subject('subject-relative-name-empty', 'a relative name of no attribute', 'an empty relative name', sequence(setOf())),
  subject('subject-relative-name-as-sequence', 'a relative name that is a SEQUENCE', 'a SEQUENCE for a relative name', sequence(sequence(sequence(objectIdentifier(OID.commonName), element(0x0c))))),
  subject('subject-attribute-no-value', 'a name attribute without a value', `an attribute ${OID.commonName} without a value`, sequence(setOf(sequence(objectIdentifier(OID.commonName))))),
  subject('subject-attribute-third-field', 'a name attribute with a third field', 'after the last field of an attribute', sequence(setOf(sequence(objectIdentifier(OID.commonName), element(0x0c), element(0x0c))))),
  subject('subject-attribute-no-type', 'a name attribute without its type', 'a BOOLEAN for the type', sequence(setOf(sequence(bytes(0x01, 0x01, 0xff), element(0x0c))))),
];

function bad(name: string, what: string, reason: string, parts: RequestParts, twin = 'ed25519'): Refused {
  return refused(name, what, { field: 'spec.request.extensionRequest', reason, twin }, parts);
}

function subject(name: string, what: string, reason: string, value: Uint8Array): Refused {
  return refused(name, what, { field: 'spec.request.subject', reason, twin: 'subject' }, { subject: value });
}
