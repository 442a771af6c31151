import type { KeyAlgorithm } from './public-key.ts';

/** KeyUsage bits a leaf's key can have: RSA of RFC 3279 §2.3.1, EC of RFC 8813 §3, Ed25519 of RFC 9295 §3. */
const FITTING: Readonly<Record<KeyAlgorithm['type'], readonly number[]>> = {
  RSA: [0, 1, 2, 3],
  ECDSA: [0, 1, 4, 7, 8],
  Ed25519: [0, 1],
};

/** The bits of `asked` that a certificate for this key may carry; no key encipherment for EC keys, whatever was asked. */
export function fittingKeyUsage({ type }: KeyAlgorithm, asked: readonly number[]): number[] {
  const bits = asked.filter((bit) => FITTING[type].includes(bit));
  // RFC 5280 §4.2.1.3: encipherOnly (7) and decipherOnly (8) mean nothing without keyAgreement (4).
  return bits.includes(4) ? bits : bits.filter((bit) => bit < 7);
}
