import type { Certificate } from './certificate.ts';
import type { CertificateRequest } from './certificate-request.ts';
import { caTrouble, type CaTrouble, type Validity } from './ca-validity.ts';
import { durationText } from './duration.ts';
import { fittingKeyUsage } from './key-usage.ts';
import type { Plan } from './plan.ts';
import { positiveSerial } from './serial.ts';
import type { Alternative, Signer } from './signer.ts';
import { extendedKeyUsages, isUsage, keyUsageBits, usageNames } from './usage.ts';
import { validity } from './validity.ts';

/** Everything that is certain once a request is allowed. */
export type Allowed = {
  readonly request: CertificateRequest;
  readonly usages: readonly string[];
  /** Seconds asked for; null: the signer's default. */
  readonly lifetime: number | null;
  readonly signer: Signer;
  readonly alternative: Alternative;
};

/** What is needed beside it: the CA that is to sign, and time and chance as values. */
export type Circumstances = {
  /** Issuing CA first, up to the anchor. */
  readonly chain: readonly PlannedUnder[];
  readonly now: Date;
  /** 16-20 random octets. */
  readonly serial: Uint8Array;
};

/** A certificate of a CA's path, as far as a plan looks at it. */
export type PlannedUnder = Validity & Pick<Certificate, 'fingerprint' | 'basicConstraints'>;

export type Planned =
  | { readonly ok: true; readonly plan: Plan }
  | ({ readonly ok: false } & CaTrouble);

/** What the configuration allows at least: an annotation of one second must not make an agent renew every half second. */
const SHORTEST_SECONDS = 30;
const EMPTY_NAME = Uint8Array.of(0x30, 0x00);

/**
 * The whole certificate that an allowed request gets: RFC 5280 with Istio's needs, see docs/certificate-profile.md. A long
 * lifetime is clamped, never refused: istiod asks ten years for itself and does not start without an answer.
 * Not ok when the CA's own validity does not let it issue now.
 */
export function planCertificate({ request, usages, lifetime, signer, alternative }: Allowed, { chain, now, serial }: Circumstances): Planned {
  const issuer = chain[0];
  if (issuer === undefined) throw new RangeError('a certificate authority has at least its own certificate');
  const asked = Math.max(lifetime ?? signer.lifetime.default, SHORTEST_SECONDS);
  const seconds = Math.min(asked, signer.lifetime.max);
  const trouble = caTrouble(chain, now, seconds);
  if (trouble !== null) return { ok: false, ...trouble };
  const { notBefore, notAfter, remaining } = validity(seconds, chain, now);
  const known = usages.filter(isUsage);
  const [asksFor, extendedKeyUsage] = [keyUsageBits(known), extendedKeyUsages(known)];
  const keyUsage = fittingKeyUsage(request.publicKey.algorithm, asksFor, extendedKeyUsage);
  const dropped = usageNames(asksFor.filter((bit) => !keyUsage.includes(bit)), []);
  return {
    ok: true,
    plan: {
      signer: signer.name,
      serial: positiveSerial(serial),
      publicKey: request.publicKey,
      subject: EMPTY_NAME,
      names: request.names,
      keyUsage,
      extendedKeyUsage,
      notBefore,
      notAfter,
      issuer: issuer.fingerprint,
      policy: alternative.id,
      adjustments: [
        ...(asked > seconds ? [`lifetime ${durationText(asked)} clamped to ${durationText(seconds)}`] : []),
        ...(remaining < seconds ? [`lifetime cut to ${durationText(remaining)} by the end of the CA`] : []),
        ...dropped.map((usage) => `usage "${usage}" dropped, it does not fit the key and the other usages`),
      ],
    },
  };
}
