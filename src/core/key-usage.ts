import type { KeyAlgorithm } from './public-key.ts';

/** KeyUsage bits a leaf's key can have: RSA of RFC 3279 §2.3.1, EC of RFC 8813 §3, Ed25519 of RFC 9295 §3. */
const FITTING: Readonly<Record<KeyAlgorithm['type'], readonly number[]>> = {
  RSA: [0, 1, 2, 3],
  ECDSA: [0, 1, 4, 7, 8],
  Ed25519: [0, 1],
};

/**
 * KeyUsage bits that go with an extended key usage (RFC 5280 §4.2.1.12: a certificate is good for the purposes that both allow). An
 * extended usage that is not here says nothing about bits, so all go with it.
 */
const CONSISTENT: Readonly<Record<string, readonly number[]>> = {
  '1.3.6.1.5.5.7.3.1': [0, 2, 4], // server auth
  '1.3.6.1.5.5.7.3.2': [0, 4], // client auth
  '1.3.6.1.5.5.7.3.3': [0], // code signing
  '1.3.6.1.5.5.7.3.4': [0, 1, 2, 4], // email protection
  '1.3.6.1.5.5.7.3.8': [0, 1], // timestamping
  '1.3.6.1.5.5.7.3.9': [0, 1], // OCSP signing
};

/**
 * The bits of `asked` that a certificate for this key may carry beside these extended usages (OIDs): no key encipherment for EC keys, nor for a
 * client alone, whatever was asked.
 */
export function fittingKeyUsage({ type }: Pick<KeyAlgorithm, 'type'>, asked: readonly number[], extended: readonly string[]): number[] {
  const goesWithOne = (bit: number): boolean => extended.length === 0 || extended.some((oid) => CONSISTENT[oid]?.includes(bit) ?? true);
  const bits = asked.filter((bit) => FITTING[type].includes(bit) && goesWithOne(bit));
  // RFC 5280 §4.2.1.3: encipherOnly (7) and decipherOnly (8) mean nothing without keyAgreement (4).
  return bits.includes(4) ? bits : bits.filter((bit) => bit < 7);
}
