import { type AlgorithmIdentifier, hasParameters } from './algorithm-identifier.ts';
import { DerError } from './der-error.ts';
import type { DerNode } from './der-reader.ts';
import { wholeOctets } from './der-value.ts';
import { OID } from './oid.ts';
import { type PublicKey, keyName } from './public-key.ts';
import { SIGNATURE_ALGORITHMS, verifySignature } from './signature.ts';

type RequestSignature = { readonly signed: Uint8Array; readonly algorithm: AlgorithmIdentifier; readonly signature: DerNode; readonly key: PublicKey };

/**
 * Proof of possession: the key in the request made this signature, by an algorithm that still proves something and
 * that is spelled as its RFC says. Throws DerError otherwise.
 */
export function checkRequestSignature({ signed, algorithm, signature, key }: RequestSignature): void {
  const offset = algorithm.node.offset;
  const known = SIGNATURE_ALGORITHMS[algorithm.oid];
  if (known === undefined) {
    throw new DerError({
      found: `the signature algorithm ${WEAK[algorithm.oid] ?? algorithm.oid}`,
      allowed: 'RSA (PKCS #1 v1.5) or ECDSA with SHA-256, SHA-384 or SHA-512, or Ed25519',
      offset,
    });
  }
  if (known.key !== key.algorithm.type) {
    throw new DerError({ found: `a signature by an ${known.key} key`, allowed: `one by the ${keyName(key.algorithm)} key of the request`, offset });
  }
  if (!hasParameters(algorithm, known.parameters)) {
    const allowed = known.parameters === 'NULL' ? 'NULL (RFC 4055 §5)' : 'none (RFC 5758 §3.2, RFC 8410 §3)';
    throw new DerError({ found: `other parameters of the signature algorithm ${algorithm.oid}`, allowed, offset });
  }
  const octets = wholeOctets(signature, 'a signature');
  if (verifySignature({ algorithm: algorithm.oid, signed, signature: octets, key }) !== 'valid') {
    const found = `a signature that the ${keyName(key.algorithm)} key of the request did not make`;
    throw new DerError({ found, allowed: 'proof of possession of the key', offset: signature.offset });
  }
}

/** Names for algorithms that old tools still use, so that the message can say which knob to turn. */
const WEAK: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'MD5 with RSA',
  [OID.sha1WithRSAEncryption]: 'SHA-1 with RSA',
  '1.2.840.113549.1.1.14': 'SHA-224 with RSA',
  '1.2.840.113549.1.1.10': 'RSA-PSS',
  '1.2.840.10045.4.1': 'ECDSA with SHA-1',
  '1.2.840.10045.4.3.1': 'ECDSA with SHA-224',
};
