import { signedBy } from '../../core/certificate-signature.ts';
import type { CaPair } from './pair.ts';

/**
 * Why two signers' CAs do not keep their tenants apart; null when they do. Equal keys sign for each other; and a path
 * of one that the other's anchor verifies makes every certificate of the one good for the verifiers of the other (seen with a common
 * root in Envoy).
 */
export function sharedTrust(a: CaPair, b: CaPair): string | null {
  const [first, second] = [a.chain[0], b.chain[0]];
  if (first === undefined || second === undefined) return null;
  if (Buffer.compare(first.publicKey.spki, second.publicKey.spki) === 0) return 'has the same CA key';
  const verifies = (anchor: CaPair, path: CaPair): boolean => path.chain.some((each) => each.fingerprint === anchor.anchor.fingerprint || signedBy(each, anchor.anchor));
  return verifies(a, b) || verifies(b, a) ? 'has a CA whose certificates the other\'s root verifies' : null;
}
