import { createHash } from 'node:crypto';
import { certificatePem, type Certificate } from './certificate.ts';

/**
 * A trust bundle in its one form: only CA certificates, each once, in the order of their fingerprints, so that the same anchors
 * always give the same bytes and a target that holds them already is not written.
 * Throws RangeError for a certificate that is no CA: as an anchor it would let one leaf speak for itself.
 */
export function normaliseBundle(anchors: readonly Certificate[]): Certificate[] {
  const leaf = anchors.find(({ basicConstraints }) => basicConstraints?.ca !== true);
  if (leaf !== undefined) throw new RangeError(`The certificate with SHA-256 ${leaf.fingerprint} is not a CA and cannot be a trust anchor`);
  const unique = new Map(anchors.map((anchor) => [anchor.fingerprint, anchor]));
  return [...unique.values()].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

/** The bundle as PEM blocks one after the other, each with a final newline. */
export function bundlePem(anchors: readonly Certificate[]): string {
  return normaliseBundle(anchors).map(certificatePem).join('');
}

/** SHA-256 over the DER of the normalised bundle, hex in lower case: one name for "the same trust". */
export function bundleFingerprint(anchors: readonly Certificate[]): string {
  const hash = createHash('sha256');
  for (const { der } of normaliseBundle(anchors)) hash.update(der);
  return hash.digest('hex');
}
