/**
 * Canonical text of an address of 4 or 16 octets: dotted quad, or RFC 5952 for IPv6 (lower case, no leading zeros,
 * the first longest run of at least two zero groups shortened). Throws RangeError for another number of octets.
 */
export function ipAddressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) throw new RangeError(`An IP address has 4 or 16 octets, found ${octets.length}`);
  const groups = Array.from({ length: 8 }, (_, i) => (octets[2 * i] ?? 0) * 256 + (octets[2 * i + 1] ?? 0));
  const zeros = longestZeroRun(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return zeros === null ? text(groups) : `${text(groups.slice(0, zeros.start))}::${text(groups.slice(zeros.start + zeros.length))}`;
}

/**
 * Octets of an address written as a dotted quad (no leading zeros: some readers take them as octal) or as IPv6 text
 * (RFC 4291 §2.2, forms 1 and 2); null for anything else, zone identifiers and mapped IPv4 included.
 */
export function parseIpAddress(text: string): Uint8Array | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Whether 16 octets are an IPv4 address in disguise (::ffff:a.b.c.d, RFC 4291 §2.5.5.2). */
export function isMappedIpv4(octets: Uint8Array): boolean {
  return octets.length === 16 && octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 0xff && octets[11] === 0xff;
}

/** A block of addresses: its first address and how many leading bits are fixed. */
export type AddressBlock = { readonly octets: Uint8Array; readonly prefix: number };

/** Reads `10.0.0.0/8` or `fd00::/8`, or a single address; null when it is neither or has bits set after the prefix. */
export function parseAddressBlock(text: string): AddressBlock | null {
  const [address = '', length, ...surplus] = text.split('/');
  const octets = parseIpAddress(address);
  if (octets === null || surplus.length > 0) return null;
  if (length !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(length)) return null;
  const prefix = length === undefined ? octets.length * 8 : Number(length);
  if (prefix > octets.length * 8) return null;
  return octets.every((octet, i) => (octet & ~mask(prefix, i) & 0xff) === 0) ? { octets, prefix } : null;
}

/** Whether the address lies in the block; never across IPv4 and IPv6. */
export function blockContains({ octets, prefix }: AddressBlock, address: Uint8Array): boolean {
  return address.length === octets.length && octets.every((octet, i) => ((octet ^ (address[i] ?? 0)) & mask(prefix, i)) === 0);
}

/** The fixed bits of octet `i` under a prefix of so many bits. */
function mask(prefix: number, i: number): number {
  const bits = Math.max(0, Math.min(8, prefix - 8 * i));
  return (0xff00 >> bits) & 0xff;
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.');
  const valid = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return valid ? Uint8Array.from(parts.map(Number)) : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const [head = '', tail, ...surplus] = text.split('::');
  if (surplus.length > 0) return null;
  const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  const octets = Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
  return isMappedIpv4(octets) ? null : octets;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } | null {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  return best.length > 1 ? best : null;
}
