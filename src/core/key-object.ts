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
  const made = importKey(key);
  imported.set(key, made);
  return made;
}

/**
 * OpenSSL 3's search for a decoder that takes an SPKI costs 200 µs: as much as all the rest of a request, so for the usual keys it is not asked to search.
 * From coordinates it checks the order of the point too, which is fast for P-256 alone and takes 2 ms for P-384 and 3 ms for P-521; on a curve with cofactor 1 every
 * point has that order (SEC 1 §3.2.2.1), and that it is on its curve is checked either way.
 */
function importKey({ algorithm, bits, spki }: PublicKey): KeyObject {
  switch (algorithm.type) {
    case 'RSA':
      // What the BIT STRING of an RSA key holds is the RSAPublicKey of PKCS #1 (RFC 3279 §2.3.1).
      return createPublicKey({ key: Buffer.from(bits), format: 'der', type: 'pkcs1' });
    case 'ECDSA':
      return createPublicKey(algorithm.curve === 'P-256' ? ecKey(algorithm.curve, bits) : { key: Buffer.from(spki), format: 'der', type: 'spki' });
    case 'Ed25519':
      return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  }
}

/** From its coordinates. */
function ecKey(crv: string, bits: Uint8Array): JsonWebKeyInput {
  const point = Buffer.from(bits);
  const middle = (bits.length + 1) / 2;
  return { format: 'jwk', key: { kty: 'EC', crv, x: point.toString('base64url', 1, middle), y: point.toString('base64url', middle) } };
}

const imported = new WeakMap<PublicKey, KeyObject>();
