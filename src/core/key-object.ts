import { createPublicKey } from 'node:crypto';
import type { JsonWebKeyInput } from 'node:crypto';
import type { PublicKey } from './public-key.ts';

type KeyObject = ReturnType<typeof createPublicKey>;

/**
 * The key as node:crypto wants it. Importing one costs 100 µs and more, and a CA's key is used for every certificate, so it is
 * kept as long as the PublicKey lives. Throws what OpenSSL throws: for EC when the point is not on its curve.
 */
export function keyObject(key: PublicKey): KeyObject {
  const known = imported.get(key);
  if (known !== undefined) return known;
  const made = createPublicKey(key.algorithm.type === 'ECDSA' ? ecKey(key.algorithm.curve, key.bits) : { key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  imported.set(key, made);
  return made;
}

/** From its coordinates: OpenSSL's search for a decoder that takes the SPKI costs as much again as the key itself. */
function ecKey(crv: string, bits: Uint8Array): JsonWebKeyInput {
  const point = Buffer.from(bits);
  const middle = (bits.length + 1) / 2;
  return { format: 'jwk', key: { kty: 'EC', crv, x: point.toString('base64url', 1, middle), y: point.toString('base64url', middle) } };
}

const imported = new WeakMap<PublicKey, KeyObject>();
