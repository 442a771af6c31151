import { verify } from 'node:crypto';
import { keyObject } from './key-object.ts';
import { OID } from './oid.ts';
import type { PublicKey } from './public-key.ts';

/**
 * The signature algorithms that count, each with the kind of key it needs, its hash (null: Ed25519 hashes by itself)
 * and what its parameters must be: NULL for RSA (RFC 4055 §5), absent for the others (RFC 5758 §3.2, RFC 8410 §3).
 * SHA-1, MD5, DSA and RSA-PSS are not among them.
 */
export const SIGNATURE_ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  [OID.sha256WithRSAEncryption]: { key: 'RSA', hash: 'sha256', parameters: 'NULL' },
  [OID.sha384WithRSAEncryption]: { key: 'RSA', hash: 'sha384', parameters: 'NULL' },
  [OID.sha512WithRSAEncryption]: { key: 'RSA', hash: 'sha512', parameters: 'NULL' },
  [OID.ecdsaWithSHA256]: { key: 'ECDSA', hash: 'sha256', parameters: 'absent' },
  [OID.ecdsaWithSHA384]: { key: 'ECDSA', hash: 'sha384', parameters: 'absent' },
  [OID.ecdsaWithSHA512]: { key: 'ECDSA', hash: 'sha512', parameters: 'absent' },
  [OID.ed25519]: { key: 'Ed25519', hash: null, parameters: 'absent' },
};

export type SignatureAlgorithm = {
  readonly key: PublicKey['algorithm']['type'];
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  readonly parameters: 'NULL' | 'absent';
};

type Signed = { readonly algorithm: string; readonly signed: Uint8Array; readonly signature: Uint8Array; readonly key: PublicKey };

/** Verifies a signature over `signed`; `algorithm` is the dotted object identifier. */
export function verifySignature({ algorithm, signed, signature, key }: Signed): 'valid' | 'invalid' | 'unknown algorithm' {
  const known = SIGNATURE_ALGORITHMS[algorithm];
  if (known === undefined) return 'unknown algorithm';
  if (known.key !== key.algorithm.type) return 'invalid';
  try {
    return verify(known.hash, signed, keyObject(key), signature) ? 'valid' : 'invalid';
  } catch {
    // OpenSSL throws for some signatures it cannot even decode, and for an Ed25519 key that is no point of the curve.
    return 'invalid';
  }
}
