import { DerError } from './der-error.ts';
import { readDer } from './der-reader.ts';
import { TAG, bitNumbers, booleanValue, expectEnd, expectNode, oidValue, smallInteger } from './der-value.ts';

/*
 * The values of extensions that Signet decides by (RFC 5280 §4.2.1). Each function takes the content of the
 * extension's OCTET STRING and its position in the outermost encoding, and throws DerError when it is malformed.
 */

/** KeyUsage (§4.2.1.3): bit numbers, ascending. Trailing zero bits are tolerated: old CA software writes them. */
export function readKeyUsage(value: Uint8Array, offset = 0): number[] {
  const node = readDer(value, { offset });
  return bitNumbers(expectNode(node, TAG.bitString, 'keyUsage', node));
}

/** ExtKeyUsageSyntax (§4.2.1.12): object identifiers, in their order, at least one. */
export function readExtendedKeyUsage(value: Uint8Array, offset = 0): string[] {
  const node = readDer(value, { offset });
  expectNode(node, TAG.sequence, 'extKeyUsage', node);
  if (node.children.length === 0) throw new DerError({ found: 'an empty extKeyUsage', allowed: 'at least one usage', offset });
  return node.children.map((usage) => oidValue(expectNode(usage, TAG.oid, 'an extended key usage', node)));
}

export type BasicConstraints = { readonly ca: boolean; readonly pathLength: number | null };

/** BasicConstraints (§4.2.1.9). `cA FALSE` may be written out, though DER leaves a default out: much software does it. */
export function readBasicConstraints(value: Uint8Array, offset = 0): BasicConstraints {
  const node = readDer(value, { offset });
  expectNode(node, TAG.sequence, 'basicConstraints', node);
  const flag = node.children[0]?.identifier === TAG.boolean ? node.children[0] : null;
  const position = flag === null ? 0 : 1;
  const length = node.children[position];
  if (length !== undefined) expectNode(length, TAG.integer, 'pathLenConstraint', node);
  expectEnd(node, position + 1, 'basicConstraints');
  return { ca: flag !== null && booleanValue(flag), pathLength: length === undefined ? null : smallInteger(length, 'pathLenConstraint') };
}

/** SubjectKeyIdentifier (§4.2.1.2). */
export function readSubjectKeyId(value: Uint8Array, offset = 0): Uint8Array {
  const node = readDer(value, { offset });
  return expectNode(node, TAG.octetString, 'subjectKeyIdentifier', node).content;
}

/** AuthorityKeyIdentifier (§4.2.1.1): its [0] keyIdentifier, or null when it names its issuer in another way only. */
export function readAuthorityKeyId(value: Uint8Array, offset = 0): Uint8Array | null {
  const node = readDer(value, { offset });
  expectNode(node, TAG.sequence, 'authorityKeyIdentifier', node);
  return node.children.find(({ identifier }) => identifier === 0x80)?.content ?? null;
}
