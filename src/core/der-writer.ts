/**
 * Writes DER (X.690 §10-11): definite minimal lengths, nothing optional. Every function takes content that is
 * already DER and returns the bytes of one element.
 */
export type Der = Uint8Array;

/** SEQUENCE of the parts in the order given. */
export function sequence(...parts: readonly Der[]): Der {
  return element(0x30, ...parts);
}

/** SET OF: X.690 §11.6 sorts the encodings in ascending order. */
export function setOf(...parts: readonly Der[]): Der {
  return element(0x31, ...[...parts].sort(Buffer.compare));
}

/** INTEGER from big-endian magnitude octets: leading zeros go, a zero octet is added where the top bit would make it negative. */
export function unsignedInteger(magnitude: Uint8Array): Der {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const body = magnitude.subarray(start);
  const first = body[0];
  if (first === undefined) return element(0x02, Uint8Array.of(0));
  return first & 0x80 ? element(0x02, Uint8Array.of(0), body) : element(0x02, body);
}

/** BOOLEAN: X.690 §11.1 knows only 00 and FF. */
export function boolean(value: boolean): Der {
  return element(0x01, Uint8Array.of(value ? 0xff : 0x00));
}

export function nullValue(): Der {
  return element(0x05);
}

export function octetString(bytes: Uint8Array): Der {
  return element(0x04, bytes);
}

/** BIT STRING; `unusedBits` (0-7) are the padding bits of the last octet and must be zero in it. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Der {
  return element(0x03, Uint8Array.of(unusedBits), bytes);
}

/**
 * Named BIT STRING from bit numbers (bit 0 is the first, most significant one), without trailing zero bits
 * (X.690 §11.2.2), as KeyUsage wants it.
 */
export function namedBits(bits: readonly number[]): Der {
  if (bits.length === 0) return bitString(new Uint8Array());
  const highest = Math.max(...bits);
  const bytes = new Uint8Array((highest >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return bitString(bytes, 7 - (highest & 7));
}

export function utf8String(text: string): Der {
  return element(0x0c, Buffer.from(text, 'utf8'));
}

export function printableString(text: string): Der {
  return element(0x13, Buffer.from(text, 'latin1'));
}

/** OBJECT IDENTIFIER from its dotted form; throws RangeError on anything that is not one. */
export function objectIdentifier(dotted: string): Der {
  const known = OBJECT_IDENTIFIERS.get(dotted);
  if (known !== undefined) return known;
  const made = encodeObjectIdentifier(dotted);
  OBJECT_IDENTIFIERS.set(dotted, made);
  return made;
}

/** Those that were written once: what Signet writes are the same few, a dozen in each certificate. */
const OBJECT_IDENTIFIERS = new Map<string, Der>();

function encodeObjectIdentifier(dotted: string): Der {
  const arcs = dotted.split('.').map(Number);
  const [first, second] = arcs;
  if (first === undefined || second === undefined || arcs.some((arc) => !Number.isSafeInteger(arc) || arc < 0)) {
    throw new RangeError(`Cannot encode the object identifier "${dotted}"`);
  }
  const bytes = [first * 40 + second, ...arcs.slice(2)].flatMap(base128);
  return element(0x06, Uint8Array.from(bytes));
}

/**
 * Time of RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on, whole seconds, Zulu.
 * Milliseconds are cut off.
 */
export function time(date: Date): Der {
  const iso = date.toISOString();
  const short = date.getUTCFullYear() < 2050;
  const digits = `${iso.slice(short ? 2 : 0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
  return element(short ? 0x17 : 0x18, Buffer.from(digits, 'latin1'));
}

/** [number] EXPLICIT, constructed, context-specific. */
export function explicit(number: number, ...parts: readonly Der[]): Der {
  return element(0xa0 | number, ...parts);
}

/** [number] IMPLICIT over primitive content, context-specific. */
export function implicit(number: number, content: Uint8Array): Der {
  return element(0x80 | number, content);
}

/** One element with the given identifier octet (tag numbers up to 30). */
export function element(identifier: number, ...parts: readonly Uint8Array[]): Der {
  let length = 0;
  for (const part of parts) length += part.length;
  const lengthOctets = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  const der = Buffer.allocUnsafe(2 + lengthOctets + length);
  der[0] = identifier;
  der[1] = lengthOctets === 0 ? length : 0x80 | lengthOctets;
  let at = 2;
  for (let shift = 8 * (lengthOctets - 1); shift >= 0; shift -= 8) der[at++] = (length >> shift) & 0xff;
  for (const part of parts) {
    der.set(part, at);
    at += part.length;
  }
  return der;
}

function base128(arc: number): number[] {
  const groups = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) groups.unshift((rest % 128) | 0x80);
  return groups;
}
