/*
 * Encodings that the strict writer cannot make: BER, and things that are nothing at all.
 */

export function bytes(...octets: readonly number[]): Uint8Array {
  return Uint8Array.from(octets);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** The same element with its length in one octet more than needed. */
export function longLength(der: Uint8Array): Uint8Array {
  const { length, headerSize } = header(der);
  const octets = [...lengthOctets(length)];
  return concat(bytes(der[0] ?? 0, 0x80 | (octets.length + 1), 0, ...octets), der.subarray(headerSize));
}

/** The same element with an indefinite length and end-of-contents octets. */
export function indefiniteLength(der: Uint8Array): Uint8Array {
  return concat(bytes(der[0] ?? 0, 0x80), der.subarray(header(der).headerSize), bytes(0, 0));
}

/** The same content under another identifier octet. */
export function retagged(der: Uint8Array, identifier: number): Uint8Array {
  return concat(bytes(identifier), der.subarray(1));
}

/** Flips the lowest bit of the octet at `index`; negative counts from the end. */
export function flipped(der: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(der);
  const at = index < 0 ? copy.length + index : index;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** The one place where `from` stands, replaced by `to` of the same length. */
export function replaced(der: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array {
  const at = Buffer.from(der).indexOf(from);
  if (at < 0 || from.length !== to.length) throw new RangeError('nothing to replace');
  return concat(der.subarray(0, at), to, der.subarray(at + to.length));
}

function header(der: Uint8Array): { length: number; headerSize: number } {
  const first = der[1] ?? 0;
  if (first < 0x80) return { length: first, headerSize: 2 };
  const count = first & 0x7f;
  return { length: der.subarray(2, 2 + count).reduce((sum, octet) => sum * 256 + octet, 0), headerSize: 2 + count };
}

function lengthOctets(length: number): number[] {
  return length < 0x100 ? [length] : [...lengthOctets(length >> 8), length & 0xff];
}
