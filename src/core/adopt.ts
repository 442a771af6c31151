import { caTrouble } from './ca-validity.ts';
import type { Certificate } from './certificate.ts';
import { keyIdentifier } from './template.ts';

/** The certificates of a CA: issuing CA first, up to the anchor. */
export type CaPath = { readonly chain: readonly Certificate[]; readonly anchor: Certificate };

export type Adoption =
  | { readonly do: 'keep' }
  | { readonly do: 'adopt'; readonly why: string }
  | { readonly do: 'hold'; readonly why: string };

/**
 * What to do about a pair that appeared in the source Secret while another is in use. Verifiers out there trust the
 * published anchor. A pair whose certificates they accept is adopted at once; any other would break every handshake between old
 * and new certificates, so it is held as the next pair until a rotation brings it in (cert-manager replaces the key of a CA at each
 * renewal: following it blindly is an outage). A pair that is not valid now, such as a restored backup, never takes the place of
 * anything; and one that is over protects nobody any more, so whatever is valid takes its place.
 */
export function adoption(inUse: CaPath | null, offered: CaPath, now: Date): Adoption {
  if (inUse !== null && sameChain(inUse.chain, offered.chain)) return { do: 'keep' };
  const trouble = caTrouble(offered.chain, now, 0);
  if (trouble !== null) return { do: 'hold', why: trouble.message };
  if (inUse === null) return { do: 'adopt', why: 'it is the first' };
  if (caTrouble(inUse.chain, now, 0)?.reason === 'CertificateAuthorityExpired') return { do: 'adopt', why: 'the pair in use is over' };
  return accepted(inUse, offered);
}

/**
 * Until every verifier has the new anchor and every workload a new certificate, all four combinations of old and new meet: a pair is
 * accepted with which all of them work.
 */
function accepted(inUse: CaPath, offered: CaPath): Adoption {
  const [current, next] = [inUse.chain[0], offered.chain[0]];
  if (current === undefined || next === undefined) throw new RangeError('a CA has at least its own certificate');
  if (verifies(inUse.anchor, offered) && verifies(offered.anchor, inUse)) {
    return { do: 'adopt', why: sameKey(next, current) ? 'it is the same key' : 'it chains to the published root' };
  }
  if (!sameKey(next, current)) return { do: 'hold', why: 'it has another key and does not chain to the published root' };
  if (!sameName(next, current)) return { do: 'hold', why: 'it has the same key but another subject' };
  return { do: 'hold', why: sameKeyId(next, current) ? 'it has the same key but another root' : 'it has the same key but another subject key identifier' };
}

/** Whether a verifier that has nothing but `anchor` accepts what this CA issues: the anchor can stand for a certificate of its path. */
function verifies(anchor: Certificate, { chain }: CaPath): boolean {
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
 * And by key identifier, which the same key can lose: Go hashes it with SHA-256 since 1.25 and with SHA-1 before, so that a CA renewed
 * by a newer cert-manager has another one, and BoringSSL and OpenSSL then pass over it as the issuer of the certificates in use.
 */
function sameKeyId(a: Certificate, b: Certificate): boolean {
  return Buffer.compare(keyIdOf(a), keyIdOf(b)) === 0;
}

/** As our leaves name it (core/template). */
function keyIdOf({ subjectKeyId, publicKey }: Certificate): Uint8Array {
  return subjectKeyId ?? keyIdentifier(publicKey);
}
