import type { CertificateRequest } from './certificate-request.ts';
import { caTrouble, endOfPath, type CaTrouble, type Validity } from './ca-validity.ts';
import { durationText } from './duration.ts';
import { fittingKeyUsage } from './key-usage.ts';
import type { Plan } from './plan.ts';
import type { Alternative, Signer } from './signer.ts';
import { extendedKeyUsages, isUsage, keyUsageBits, usageNames } from './usage.ts';

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
export type PlannedUnder = Validity & { readonly fingerprint: string };

export type Planned =
  | { readonly ok: true; readonly plan: Plan }
  | ({ readonly ok: false } & CaTrouble);

/**
 * Verifiers' clocks may be this many seconds behind. Istio's own CA backdates as much; more would make istiod, which renews at half
 * of notAfter - notBefore before the end, renew a short certificate for ever (istio: RotateDNSCertForK8sCA).
 */
const BACKDATE_SECONDS = 120;
/** And never more than this share of the lifetime, for the same reason. */
const BACKDATE_SHARE = 0.1;
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
  const end = endOfPath(chain).getTime();
  const remaining = (end - now.getTime()) / 1000;

  const start = Math.max(now.getTime() - Math.min(BACKDATE_SECONDS, Math.min(seconds, remaining) * BACKDATE_SHARE) * 1000, ...chain.map(({ notBefore }) => notBefore.getTime()));
  const known = usages.filter(isUsage);
  const [asksFor, extendedKeyUsage] = [keyUsageBits(known), extendedKeyUsages(known)];
  const keyUsage = fittingKeyUsage(request.publicKey.algorithm, asksFor, extendedKeyUsage);
  const dropped = usageNames(asksFor.filter((bit) => !keyUsage.includes(bit)), []);
  return {
    ok: true,
    plan: {
      signer: signer.name,
      serial: positive(serial),
      publicKey: request.publicKey,
      subject: EMPTY_NAME,
      names: request.names,
      keyUsage,
      extendedKeyUsage,
      notBefore: wholeSeconds(start),
      notAfter: wholeSeconds(Math.min(now.getTime() + seconds * 1000, end)),
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

/**
 * RFC 5280 §4.1.2.2: positive, at most 20 octets. The top bit is cleared so that it stays positive, the next one set so that
 * the first octet is never zero and every serial has the same length.
 */
function positive(random: Uint8Array): Uint8Array {
  if (random.length < 16 || random.length > 20) throw new RangeError(`a serial number has 16 to 20 octets, not ${random.length}`);
  const serial = Uint8Array.from(random);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

/** RFC 5280 §4.1.2.5 has no fractions of a second. */
function wholeSeconds(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / 1000) * 1000);
}
