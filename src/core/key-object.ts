import { createPublicKey } from 'node:crypto';
import type { PublicKey } from './public-key.ts';

type KeyObject = ReturnType<typeof createPublicKey>;

/**
 * The key as node:crypto wants it. Importing one costs 100 µs, and a CA's key is used for every certificate, so it is
 * kept as long as the PublicKey lives. Throws what OpenSSL throws: for EC when the point is not on its curve.
 */
export function keyObject(key: PublicKey): KeyObject {
  const known = imported.get(key);
  if (known !== undefined) return known;
  const made = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  imported.set(key, made);
  return made;
}

const imported = new WeakMap<PublicKey, KeyObject>();
