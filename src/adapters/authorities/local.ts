import { sign as cryptoSign, type KeyObject } from 'node:crypto';
import { Unavailable } from '../../control/errors.ts';
import { parseCertificate, type Certificate } from '../../core/certificate.ts';
import type { Plan } from '../../core/plan.ts';
import { assembleCertificate, leafTbs, signatureScheme } from '../../core/template.ts';
import type { CaPair } from './pair.ts';

/**
 * Signs the plan with a key held in this process: leaf first, then the CA's path up to the anchor. Throws Unavailable when
 * the plan was made for another CA than this pair, as happens when the pair changes in between; the next look plans anew.
 */
export async function signLocally(plan: Plan, { key, chain }: CaPair): Promise<Certificate[]> {
  const issuer = chain[0];
  if (issuer === undefined || issuer.fingerprint !== plan.issuer) throw new Unavailable('the CA changed after the certificate was planned', { retryAfter: 0 });
  const scheme = signatureScheme(issuer.publicKey.algorithm);
  const tbs = leafTbs(plan, issuer);
  const leaf = parseCertificate(assembleCertificate(tbs, scheme, await signature(tbs, key, scheme.digest)));
  if (!leaf.ok) throw new Error(`The certificate just made cannot be read back: ${leaf.problem}`);
  return [leaf.certificate, ...chain];
}

/** P-256 and Ed25519 sign in some 20 µs; RSA, P-384 and P-521 take up to 3 ms each and would hold the event loop in a burst. */
function signature(tbs: Uint8Array, key: KeyObject, digest: string | null): Promise<Uint8Array> | Uint8Array {
  const quick = key.asymmetricKeyType === 'ed25519' || key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (quick) return cryptoSign(digest, tbs, key);
  return new Promise((resolve, reject) => cryptoSign(digest, tbs, key, (error, bytes) => (error === null ? resolve(bytes) : reject(error))));
}
