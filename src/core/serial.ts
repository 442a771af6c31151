/**
 * A serial number out of 16 to 20 random octets. RFC 5280 §4.1.2.2: positive, at most 20 octets. The top bit is cleared so that it stays positive, the
 * next one set so that the first octet is never zero and every serial has the same length. Throws RangeError for another number of octets.
 */
export function positiveSerial(random: Uint8Array): Uint8Array {
  if (random.length < 16 || random.length > 20) throw new RangeError(`a serial number has 16 to 20 octets, not ${random.length}`);
  const serial = Uint8Array.from(random);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}
