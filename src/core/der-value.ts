import { DerError } from './der-error.ts';
import type { DerNode } from './der-reader.ts';
import { parseTime } from './der-time.ts';

/** Identifier octets of what X.509 and PKCS #10 are made of. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/**
 * The node itself when it is there and has that identifier octet. `what` names it for the message
 * (`the version`). Throws DerError; `parent` lends its position when the node is missing.
 */
export function expectNode(node: DerNode | undefined, identifier: number, what: string, parent: DerNode): DerNode {
  if (node === undefined) {
    throw new DerError({ found: `nothing for ${what}`, allowed: tagName(identifier), offset: parent.offset });
  }
  if (node.identifier !== identifier) {
    throw new DerError({ found: `${tagName(node.identifier)} for ${what}`, allowed: tagName(identifier), offset: node.offset });
  }
  return node;
}

/** Refuses elements beyond those that were understood. `count` is how many those are. */
export function expectEnd(node: DerNode, count: number, what: string): void {
  const surplus = node.children[count];
  if (surplus === undefined) return;
  throw new DerError({ found: `${tagName(surplus.identifier)} after the last field of ${what}`, allowed: `the ${count} fields before it`, offset: surplus.offset });
}

/** Dotted form of an OBJECT IDENTIFIER that the reader has checked. */
export function oidValue(node: DerNode): string {
  const { content } = node;
  let text = '';
  let arc = 0;
  for (let i = 0; i < content.length; i++) {
    const octet = content[i] ?? 0;
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    const root = Math.min(2, Math.floor(arc / 40));
    text = text === '' ? `${root}.${arc - root * 40}` : `${text}.${arc}`;
    arc = 0;
  }
  return text;
}

/** A small non-negative INTEGER, as versions and path lengths are. Throws DerError outside 0 to 2^31-1. */
export function smallInteger(node: DerNode, what: string): number {
  if (node.content.length > 4 || (node.content[0] ?? 0) >= 0x80) {
    throw new DerError({ found: `an INTEGER of ${node.content.length} octets, or below zero, for ${what}`, allowed: '0 to 2147483647', offset: node.offset });
  }
  return node.content.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** Magnitude octets of a non-negative INTEGER without the sign octet. Throws DerError below zero. */
export function unsignedMagnitude(node: DerNode, what: string): Uint8Array {
  const [first, second] = node.content;
  if ((first ?? 0) >= 0x80) {
    throw new DerError({ found: `a negative ${what}`, allowed: 'zero or more', offset: node.offset });
  }
  return first === 0 && second !== undefined ? node.content.subarray(1) : node.content;
}

/** Octets of a BIT STRING that must be whole octets, as keys and signatures are. Throws DerError. */
export function wholeOctets(node: DerNode, what: string): Uint8Array {
  if (node.content[0] !== 0) {
    throw new DerError({ found: `${what} with ${node.content[0] ?? 'no'} unused bits`, allowed: 'whole octets', offset: node.offset });
  }
  return node.content.subarray(1);
}

/** Numbers of the bits that are set in a named BIT STRING, ascending; bit 0 is the first one. */
export function bitNumbers(node: DerNode): number[] {
  const octets = node.content.subarray(1);
  const bits: number[] = [];
  for (let bit = 0; bit < octets.length * 8; bit++) if ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) bits.push(bit);
  return bits;
}

export function booleanValue(node: DerNode): boolean {
  return node.content[0] === 0xff;
}

/** Text of a string type whose character set the reader has checked; null for a type that is not understood. */
export function textValue(node: DerNode): string | null {
  switch (node.identifier) {
    case TAG.utf8String:
      return Buffer.from(node.content).toString('utf8');
    case TAG.numericString:
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.visibleString:
      return Buffer.from(node.content).toString('latin1');
    case TAG.bmpString:
      return Buffer.from(node.content).swap16().toString('utf16le');
    default:
      return null;
  }
}

/** A Time of RFC 5280 §4.1.2.5. Throws DerError for another type. */
export function timeValue(node: DerNode | undefined, what: string, parent: DerNode): Date {
  const kind = node?.identifier === TAG.utcTime ? 'utc' : 'generalized';
  const checked = kind === 'utc' && node ? node : expectNode(node, TAG.generalizedTime, what, parent);
  const date = parseTime(kind, checked.content);
  if (date === null) throw new DerError({ found: `no date for ${what}`, allowed: 'a date of the calendar', offset: checked.offset });
  return date;
}

/** `an INTEGER`, `a context-specific element [0]`. */
export function tagName(identifier: number): string {
  const universal = TAG_NAMES[identifier];
  if (universal !== undefined) return universal;
  const classes = ['universal', 'application', 'context-specific', 'private'] as const;
  return `a ${classes[(identifier >> 6) as 0 | 1 | 2 | 3]} element [${identifier & 0x1f}]${identifier & 0x20 ? ' (constructed)' : ''}`;
}

const TAG_NAMES: Readonly<Record<number, string>> = {
  0x01: 'a BOOLEAN',
  0x02: 'an INTEGER',
  0x03: 'a BIT STRING',
  0x04: 'an OCTET STRING',
  0x05: 'a NULL',
  0x06: 'an OBJECT IDENTIFIER',
  0x0c: 'a UTF8String',
  0x13: 'a PrintableString',
  0x16: 'an IA5String',
  0x17: 'a UTCTime',
  0x18: 'a GeneralizedTime',
  0x30: 'a SEQUENCE',
  0x31: 'a SET',
};
