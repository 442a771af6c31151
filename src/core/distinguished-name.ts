import type { DerNode } from './der-reader.ts';
import { DerError } from './der-error.ts';
import { readDer } from './der-reader.ts';
import { TAG, expectEnd, expectNode, oidValue, textValue } from './der-value.ts';
import { OID } from './oid.ts';

/** A Name (RFC 5280 §4.1.2.4): the raw DER is the truth, the attributes are for rules and for people. */
export type DistinguishedName = {
  /** DER of the whole Name; `30 00` when empty. */
  readonly der: Uint8Array;
  readonly attributes: readonly NameAttribute[];
};

/**
 * One AttributeTypeAndValue. `type` is the dotted object identifier; `value` is decoded text, or `#` and the hex of
 * its DER for a type of string that is not understood.
 */
export type NameAttribute = { readonly type: string; readonly value: string };

/** A real one has ten. A certificate has some elements more than its request, and must be as readable. */
const MAX_ATTRIBUTES = 64;

/** Reads a Name of 64 attributes at most; `what` names it for the message. An empty value (Istio's `O=`) is read as it is. Throws DerError. */
export function readName(field: DerNode | undefined, what: string, parent: DerNode): DistinguishedName {
  const node = expectNode(field, TAG.sequence, what, parent);
  const attributes = relativeNames(node, what).flat();
  if (attributes.length > MAX_ATTRIBUTES) throw new DerError({ found: `${what} with ${attributes.length} attributes`, allowed: `${MAX_ATTRIBUTES} at most`, offset: node.offset });
  return { der: node.der, attributes };
}

/**
 * RFC 4514 text, most specific first (§2.1): `CN=foo root,O=cluster.local`. Everything but printable ASCII is
 * escaped (§2.4 allows hex pairs for any octet), so that a name can be shown in a terminal. Empty for an empty name.
 */
export function distinguishedNameText(name: DistinguishedName): string {
  const rdns = relativeNames(readDer(name.der), 'the name');
  return rdns.map((rdn) => rdn.map(attributeText).join('+')).reverse().join(',');
}

/**
 * Whether any verifier may take the two for one name: OpenSSL and BoringSSL pass over letter case, spaces, the kind of string and the order in a set (RFC 5280 §7.1),
 * Go over nothing. Looser than all of them, so that only false is certain.
 */
export function mayBeSameName({ attributes: a }: DistinguishedName, { attributes: b }: DistinguishedName): boolean {
  return a.length === b.length && a.every((one) => b.some((other) => mayBeSameAttribute(one, other)));
}

function mayBeSameAttribute(a: NameAttribute, b: NameAttribute): boolean {
  if (a.type !== b.type) return false;
  return [a, b].some(({ value }) => UNREAD.test(value)) || looselyText(a.value) === looselyText(b.value);
}

function looselyText(value: string): string {
  return value.toLowerCase().replace(/\s+/g, '');
}

/** How the value of a string that is not understood is given. */
const UNREAD = /^#(?:[0-9a-f]{2})+$/;

function relativeNames(name: DerNode, what: string): NameAttribute[][] {
  return name.children.map((rdn) => {
    expectNode(rdn, TAG.set, `a relative name of ${what}`, name);
    if (rdn.children.length === 0) {
      throw new DerError({ found: `an empty relative name in ${what}`, allowed: 'at least one attribute (RFC 5280 §4.1.2.4)', offset: rdn.offset });
    }
    return rdn.children.map((attribute) => readAttribute(attribute, what, rdn));
  });
}

function readAttribute(field: DerNode, what: string, parent: DerNode): NameAttribute {
  const node = expectNode(field, TAG.sequence, `an attribute of ${what}`, parent);
  const type = oidValue(expectNode(node.children[0], TAG.oid, `the type of an attribute of ${what}`, node));
  const value = node.children[1];
  if (value === undefined) throw new DerError({ found: `an attribute ${type} without a value in ${what}`, allowed: 'a value', offset: node.offset });
  expectEnd(node, 2, `an attribute of ${what}`);
  return { type, value: textValue(value) ?? `#${Buffer.from(value.der).toString('hex')}` };
}

/** RFC 4514 §3. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  [OID.commonName]: 'CN',
  [OID.localityName]: 'L',
  [OID.stateOrProvinceName]: 'ST',
  [OID.organizationName]: 'O',
  [OID.organizationalUnitName]: 'OU',
  [OID.countryName]: 'C',
  [OID.serialNumber]: 'serialNumber',
};

function attributeText({ type, value }: NameAttribute): string {
  return `${SHORT_NAMES[type] ?? type}=${escaped(value)}`;
}

/** RFC 4514 §2.4. A value that starts with `#` is escaped too, unless it is the hex form this module gave it. */
function escaped(value: string): string {
  if (UNREAD.test(value)) return value;
  const special = value.replace(/["+,;<>\\]/g, '\\$&').replace(/^[ #]/, '\\$&').replace(/ $/, '\\ ');
  return special.replace(/[^ -~]/gu, (c) => [...Buffer.from(c, 'utf8')].map((octet) => `\\${octet.toString(16).padStart(2, '0')}`).join(''));
}
