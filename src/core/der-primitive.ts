import { DerError } from './der-error.ts';
import type { DerNode } from './der-reader.ts';
import { parseTime } from './der-time.ts';

/**
 * Checks the content of a primitive element of a universal type against the rules DER adds to BER (X.690 §8, §11)
 * and against the character set of its string type. Other classes are opaque here: their meaning is their parent's
 * affair. Throws DerError.
 */
export function checkPrimitive(element: Pick<DerNode, 'identifier' | 'content' | 'offset'>): void {
  const { identifier, offset } = element;
  if (identifier >> 6 !== 0) return;
  const type = UNIVERSAL.get(identifier);
  if (type === undefined) {
    throw new DerError({ found: `the universal type ${identifier}`, allowed: 'a type that X.509 or PKCS #10 uses', offset });
  }
  if (type.valid !== 'anything' && !type.valid(element.content)) {
    throw new DerError({ found: `${type.name} with the content ${shown(element.content)}`, allowed: type.allowed, offset });
  }
}

type UniversalType = { readonly name: string; readonly allowed: string; readonly valid: 'anything' | ((content: Uint8Array) => boolean) };

const UNIVERSAL: ReadonlyMap<number, UniversalType> = new Map([
  [0x01, { name: 'a BOOLEAN', allowed: 'one octet, 00 or FF', valid: isBoolean }],
  [0x02, { name: 'an INTEGER', allowed: 'at least one octet and as few as possible', valid: isInteger }],
  [0x03, { name: 'a BIT STRING', allowed: '0 to 7 unused bits, all of them zero', valid: isBitString }],
  [0x04, { name: 'an OCTET STRING', allowed: 'anything', valid: 'anything' }],
  [0x05, { name: 'a NULL', allowed: 'no content', valid: (content) => content.length === 0 }],
  [0x06, { name: 'an OBJECT IDENTIFIER', allowed: 'whole arcs, each in as few octets as possible and at most 7', valid: isObjectIdentifier }],
  [0x0a, { name: 'an ENUMERATED', allowed: 'at least one octet and as few as possible', valid: isInteger }],
  [0x0c, { name: 'a UTF8String', allowed: 'well-formed UTF-8 without NUL', valid: isUtf8 }],
  [0x12, { name: 'a NumericString', allowed: 'digits and spaces', valid: every((c) => c === 0x20 || isDigit(c)) }],
  [0x13, { name: 'a PrintableString', allowed: "A-Z a-z 0-9 space ' ( ) + , - . / : = ?", valid: every(isPrintableStringCharacter) }],
  [0x14, { name: 'a TeletexString', allowed: 'anything', valid: 'anything' }],
  [0x16, { name: 'an IA5String', allowed: 'ASCII without NUL', valid: every((c) => c > 0 && c < 0x80) }],
  [0x17, { name: 'a UTCTime', allowed: 'a date of the calendar as YYMMDDHHMMSSZ', valid: (content) => parseTime('utc', content) !== null }],
  [0x18, { name: 'a GeneralizedTime', allowed: 'a date of the calendar as YYYYMMDDHHMMSSZ', valid: (content) => parseTime('generalized', content) !== null }],
  [0x1a, { name: 'a VisibleString', allowed: 'printable ASCII', valid: every((c) => c >= 0x20 && c <= 0x7e) }],
  [0x1c, { name: 'a UniversalString', allowed: 'four octets a character', valid: (content) => content.length % 4 === 0 }],
  [0x1e, { name: 'a BMPString', allowed: 'two octets a character', valid: (content) => content.length % 2 === 0 }],
]);

/** X.690 §11.1. */
function isBoolean(content: Uint8Array): boolean {
  return content.length === 1 && (content[0] === 0x00 || content[0] === 0xff);
}

/** X.690 §8.3.2: the first nine bits are neither all zero nor all one. */
function isInteger(content: Uint8Array): boolean {
  const [first, second] = content;
  if (first === undefined) return false;
  if (second === undefined) return true;
  return !(first === 0x00 && second < 0x80) && !(first === 0xff && second >= 0x80);
}

/** X.690 §8.6.2 and §11.2.1. */
function isBitString(content: Uint8Array): boolean {
  const [unused] = content;
  if (unused === undefined || unused > 7) return false;
  if (content.length === 1) return unused === 0;
  return ((content[content.length - 1] ?? 0) & ((1 << unused) - 1)) === 0;
}

/** X.690 §8.19.2: no arc starts with 0x80, and the last one ends. Up to 7 octets an arc is exact in a number. */
function isObjectIdentifier(content: Uint8Array): boolean {
  let octetsOfArc = 0;
  for (let i = 0; i < content.length; i++) {
    const octet = content[i] ?? 0;
    if (octetsOfArc === 0 && octet === 0x80) return false;
    octetsOfArc += 1;
    if (octetsOfArc > 7) return false;
    if (octet < 0x80) octetsOfArc = 0;
  }
  return content.length > 0 && octetsOfArc === 0;
}

const isAscii = every((c) => c < 0x80);

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** NUL is refused although UTF-8 has it: a reader in C would cut the name there. */
function isUtf8(content: Uint8Array): boolean {
  if (content.includes(0)) return false;
  if (isAscii(content)) return true;
  try {
    UTF8.decode(content);
    return true;
  } catch {
    return false;
  }
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

/** X.680 §41.4. */
function isPrintableStringCharacter(c: number): boolean {
  return isDigit(c) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || " '()+,-./:=?".includes(String.fromCharCode(c));
}

function every(allowed: (octet: number) => boolean): (content: Uint8Array) => boolean {
  return (content) => {
    for (let i = 0; i < content.length; i++) if (!allowed(content[i] ?? 0)) return false;
    return true;
  };
}

/** Hex of at most 16 octets: enough to recognise, too little to flood a log. */
function shown(content: Uint8Array): string {
  const hex = Buffer.from(content.subarray(0, 16)).toString('hex');
  return content.length === 0 ? '(nothing)' : content.length > 16 ? `${hex}…` : hex;
}
