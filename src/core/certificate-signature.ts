import { X509Certificate } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { keyObject } from './key-object.ts';
import { verifySignature } from './signature.ts';

/**
 * Whether the parent's key made the child's signature. Names, validity and the CA bit are not looked at. False too
 * for SHA-1 and weaker algorithms, whose signatures prove nothing any more, and for a signature of another kind of
 * key than the parent's.
 */
export function signedBy(child: Certificate, parent: Certificate): boolean {
  const verdict = verifySignature({ algorithm: child.signatureAlgorithm, signed: child.tbs, signature: child.signature, key: parent.publicKey });
  if (verdict !== 'unknown algorithm') return verdict === 'valid';
  // RSA-PSS carries its hash and salt length in parameters, which OpenSSL reads and checks.
  return child.signatureAlgorithm === RSASSA_PSS && verifiedByOpenssl(child, parent);
}

/** RFC 4055 §3. */
const RSASSA_PSS = '1.2.840.113549.1.1.10';

function verifiedByOpenssl(child: Certificate, parent: Certificate): boolean {
  try {
    return new X509Certificate(child.der).verify(keyObject(parent.publicKey));
  } catch {
    // Thrown for parameters or keys that OpenSSL cannot combine: such a signature is not valid.
    return false;
  }
}
