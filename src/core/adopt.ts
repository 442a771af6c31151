import type { Certificate } from './certificate.ts';
import { keyIdentifier } from './template.ts';

/** The certificates of a CA: issuing CA first, up to the anchor. */
export type CaPath = { readonly chain: readonly Certificate[]; readonly anchor: Certificate };

export type Adoption =
  | { readonly do: 'keep' }
  | { readonly do: 'adopt'; readonly why: string }
  | { readonly do: 'hold'; readonly why: string };

/**
 * What to do about a valid pair that appeared in the source Secret while another is in use. Until every verifier has the
 * new anchor and every workload a new certificate, all four combinations of old and new meet; a pair with which all of them work is
 * adopted at once. Any other would break handshakes, so it is held as the next pair until a rotation brings it in (cert-manager
 * replaces the key at each renewal of a CA: following it blindly is an outage).
 */
export function adoption(inUse: CaPath | null, offered: CaPath): Adoption {
  if (inUse === null) return { do: 'adopt', why: 'it is the first' };
  const [current, next] = [inUse.chain[0], offered.chain[0]];
  if (current === undefined || next === undefined) throw new RangeError('a CA has at least its own certificate');
  if (sameChain(inUse.chain, offered.chain)) return { do: 'keep' };
  if (accepts(inUse.anchor, offered) && accepts(offered.anchor, inUse)) {
    return { do: 'adopt', why: sameKey(next, current) ? 'it is the same key' : 'it chains to the published root' };
  }
  if (!sameKey(next, current)) return { do: 'hold', why: 'it has another key and does not chain to the published root' };
  if (!sameName(next, current)) return { do: 'hold', why: 'it has the same key but another subject' };
  return { do: 'hold', why: sameKeyId(next, current) ? 'it has the same key but another root' : 'it has the same key but another subject key identifier' };
}

/** Whether a verifier that has nothing but `anchor` accepts what this CA issues: the anchor can stand for a certificate of its path. */
function accepts(anchor: Certificate, { chain }: CaPath): boolean {
  return chain.some((each) => sameKey(each, anchor) && sameName(each, anchor) && sameKeyId(each, anchor));
}

function sameChain(a: readonly Certificate[], b: readonly Certificate[]): boolean {
  return a.length === b.length && a.every(({ fingerprint }, i) => fingerprint === b[i]?.fingerprint);
}

function sameKey(a: Certificate, b: Certificate): boolean {
  return Buffer.compare(a.publicKey.spki, b.publicKey.spki) === 0;
}

/** Path building goes by name: the same key under another name chains to nothing that is published. */
function sameName(a: Certificate, b: Certificate): boolean {
  return Buffer.compare(a.subject.der, b.subject.der) === 0;
}

/**
 * And by key identifier, which the same key can lose: Go hashes it with SHA-256 since 1.25 and with SHA-1 before, so that a CA renewed by a newer
 * cert-manager has another one, and BoringSSL and OpenSSL then pass over it as the issuer of the certificates in use.
 */
function sameKeyId(a: Certificate, b: Certificate): boolean {
  return Buffer.compare(keyIdOf(a), keyIdOf(b)) === 0;
}

/** As our leaves name it (core/template). */
function keyIdOf({ subjectKeyId, publicKey }: Certificate): Uint8Array {
  return subjectKeyId ?? keyIdentifier(publicKey);
}
