import { leadsTo } from '../../core/chain.ts';
import type { CaPair } from './pair.ts';

/** Pairs are immutable, and the question comes with each request: a verification of P-384 signatures takes a millisecond. */
const known = new WeakMap<CaPair, WeakMap<CaPair, Overlap | null>>();

/** How two CAs are not apart: `key`: they are one; `trust`: the verifiers of one take certificates of the other. */
export type Overlap = 'key' | 'trust';

/**
 * How two signers' CAs fail to keep their tenants apart; null when they do not fail. Equal keys sign for each other; and a path
 * of one that leads to a CA below the other's anchor makes every certificate of the one good for the verifiers of the other (seen with a common
 * root in Envoy).
 */
export function overlap(a: CaPair, b: CaPair): Overlap | null {
  const verdict = known.get(a)?.get(b);
  if (verdict !== undefined) return verdict;
  const found = compare(a, b);
  // Either way round it is the same question, and each pair meets each.
  for (const [one, other] of [[a, b], [b, a]] as const) {
    const ofOne = known.get(one) ?? new WeakMap<CaPair, Overlap | null>();
    known.set(one, ofOne.set(other, found));
  }
  return found;
}

/** A signer's CA, as far as another's has to be compared with it. */
export type Claim = {
  /** The pair that signs, or that is being kept in order to; null: there is none. */
  readonly claimed: CaPair | null;
  /** The pair of its source, good or not to be used beside the others; null: there is none. */
  readonly offered: CaPair | null;
  /** Whether both were looked for. */
  readonly tried: boolean;
  /** `sharedTrust` of the configuration. */
  readonly sharedTrust: boolean;
};

/**
 * Why a pair of the signer `name` may not be used beside those of the others, `signers`, which are all of them in the order of the configuration;
 * null when it may. What signs goes before what does not yet, so that no newcomer stops certificates that workloads live on; of two that
 * both sign, or both do not, the one that comes first in the configuration goes before. Trust may be shared where both signers say
 * so, a key never.
 */
export function clash(pair: CaPair, name: string, signers: ReadonlyMap<string, Claim>): string | null {
  const own = signers.get(name);
  const signs = own?.claimed === pair;
  let isEarlier = true;
  for (const [other, claim] of signers) {
    if (other === name) {
      if (signs) return null;
      isEarlier = false;
      continue;
    }
    if (!claim.tried) return `the CA of signer "${other}" has not been looked at yet`;
    const rival = claim.claimed ?? (signs || !isEarlier ? null : claim.offered);
    const found = rival === null ? null : overlap(pair, rival);
    if (found === 'key') return `it cannot be told apart from signer "${other}": its CA has the same key. Give each signer a CA with a key of its own`;
    if (found === 'trust' && !(own?.sharedTrust === true && claim.sharedTrust)) {
      return `it cannot be told apart from signer "${other}": the root of one verifies certificates of the other. Give each signer a CA with a root of its own, or set "anchor: issuer" for both; "sharedTrust: true" for both accepts that their tenants trust each other`;
    }
  }
  return null;
}

/** Whose CA it is already. `signer` is null where that cannot be told yet. */
export type Rival = { readonly signer: string | null; /** null: not known yet. */ readonly overlap: Overlap | null; readonly why: string };

/**
 * Which signer of the configuration, of all `signers`, the CA of an issuer that is found cannot be told apart from; null: none. Whoever wrote the
 * configuration named that CA for one tenant, so the issuer gives way, whichever was first. Of what the signer has in use and what waits in its Secret
 * either counts.
 */
export function rivalOf(pair: CaPair, signers: ReadonlyMap<string, Claim>): Rival | null {
  for (const [signer, claim] of signers) {
    if (!claim.tried) return { signer: null, overlap: null, why: `the CA of signer "${signer}" has not been looked at yet` };
    for (const rival of [claim.claimed, claim.offered]) {
      const found = rival === null ? null : overlap(pair, rival);
      if (found === 'key') return { signer, overlap: found, why: `it has the key of signer "${signer}", which is in the configuration: certificates of that tenant are signed in no other way` };
      if (found === 'trust' && !claim.sharedTrust) return { signer, overlap: found, why: `the root of one, it or signer "${signer}" of the configuration, verifies certificates of the other; "sharedTrust: true" at the signer accepts that` };
    }
  }
  return null;
}

function compare(a: CaPair, b: CaPair): Overlap | null {
  const [first, second] = [a.chain[0], b.chain[0]];
  if (first === undefined || second === undefined) return null;
  if (Buffer.compare(first.publicKey.spki, second.publicKey.spki) === 0) return 'key';
  // Whoever holds a certificate can send along any intermediate it knows, its own and the other's: the whole path counts on the one side, and every CA up to
  // the anchor on the other.
  const verifies = ({ chain }: CaPair, { path }: CaPair): boolean => path.some((each) => chain.some((ca) => leadsTo(each, ca)));
  return verifies(a, b) || verifies(b, a) ? 'trust' : null;
}
