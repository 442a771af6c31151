import { signedBy } from '../../core/certificate-signature.ts';
import type { CaPair } from './pair.ts';

/** Pairs are immutable, and the question comes with each request: a verification of P-384 signatures takes a millisecond. */
const known = new WeakMap<CaPair, WeakMap<CaPair, string | null>>();

/**
 * Why two signers' CAs do not keep their tenants apart; null when they do. Equal keys sign for each other; and a path
 * of one that the other's anchor verifies makes every certificate of the one good for the verifiers of the other (seen with a common
 * root in Envoy).
 */
export function sharedTrust(a: CaPair, b: CaPair): string | null {
  const ofA = known.get(a) ?? new WeakMap<CaPair, string | null>();
  known.set(a, ofA);
  let verdict = ofA.get(b);
  if (verdict === undefined) {
    verdict = compare(a, b);
    ofA.set(b, verdict);
  }
  return verdict;
}

/** A signer's CA, as far as another's has to be compared with it: the pair it uses or is about to, and whether it was looked for. */
export type Claim = { readonly claimed: CaPair | null; readonly tried: boolean };

/**
 * Why a signer's pair may not be used beside those of the signers before it in the configuration, by name and in their order; null when it may. The
 * one that comes first keeps its CA; a later one whose CA cannot be told apart from it does not sign.
 */
export function clashWithEarlier(pair: CaPair, earlier: Iterable<readonly [name: string, claim: Claim]>): string | null {
  for (const [name, { claimed, tried }] of earlier) {
    if (!tried) return `the CA of signer "${name}", which comes first, has not been looked at yet`;
    const clash = claimed === null ? null : sharedTrust(pair, claimed);
    if (clash !== null) return `it cannot be told apart from signer "${name}": ${clash}. Give each signer a CA with a root of its own, or set "anchor: issuer" for both`;
  }
  return null;
}

function compare(a: CaPair, b: CaPair): string | null {
  const [first, second] = [a.chain[0], b.chain[0]];
  if (first === undefined || second === undefined) return null;
  if (Buffer.compare(first.publicKey.spki, second.publicKey.spki) === 0) return 'its CA has the same key';
  // Whoever holds a certificate can send along any intermediate it knows: the whole path counts, not the published part.
  const verifies = ({ anchor }: CaPair, { path }: CaPair): boolean => path.some((each) => each.fingerprint === anchor.fingerprint || signedBy(each, anchor));
  return verifies(a, b) || verifies(b, a) ? 'the root of one verifies certificates of the other' : null;
}
