import { caTrouble } from './ca-validity.ts';
import type { CertificateRequest } from './certificate-request.ts';
import type { IssuerUrls } from './discovered-issuer.ts';
import { durationText } from './duration.ts';
import type { IssuerRequest } from './issuer-request.ts';
import { OID } from './oid.ts';
import type { Circumstances, Planned, PlannedUnder } from './profile.ts';
import { positiveSerial } from './serial.ts';
import type { KeyAlgorithm } from './public-key.ts';
import { CERT_SIGN, CRL_SIGN, extendedKeyUsages, keyUsageBits, usageNames } from './usage.ts';
import { validity } from './validity.ts';

export type IssuerOrder = {
  readonly signer: string;
  readonly request: CertificateRequest;
  readonly asked: IssuerRequest;
  /** Seconds. */
  readonly lifetime: number;
  readonly urls: IssuerUrls;
  /** How what allowed it is named in annotations and the record. */
  readonly policy: string;
};

/** An object identifier of a request may have 48 KiB, and what was dropped stands in an annotation and in the record. */
const MAX_DROPPED_TEXT = 120;

/** Who asks for ten years still takes what is left of the CA, but not a crumb of this: then the CA alarms instead. */
const CRUMB_OF_SECONDS = 3600;

/**
 * The certificate that an issuer of cert-manager gives for a request that somebody approved: subject and alternative names are the request's own
 * bytes, the usages those of spec.usages, the end not after the CA's. Not ok when the CA's own validity does not let it issue now.
 */
export function planIssued({ signer, request, asked, lifetime, urls, policy }: IssuerOrder, { chain, now, serial }: Circumstances): Planned {
  const issuer = chain[0];
  if (issuer === undefined) throw new RangeError('a certificate authority has at least its own certificate');
  const trouble = caTrouble(chain, now, Math.min(lifetime, CRUMB_OF_SECONDS));
  if (trouble !== null) return { ok: false, ...trouble };
  const { notBefore, notAfter, remaining } = validity(lifetime, chain, now);
  const wanted = keyUsageBits(asked.usages);
  const keyUsage = wanted.filter((bit) => possible(bit, request.publicKey.algorithm, asked.ca));
  const lost = usageNames(wanted.filter((bit) => !keyUsage.includes(bit)), []);
  return {
    ok: true,
    plan: {
      signer,
      serial: positiveSerial(serial),
      publicKey: request.publicKey,
      subject: request.subject.der,
      names: request.names,
      keyUsage,
      extendedKeyUsage: extendedKeyUsages(asked.usages),
      notBefore,
      notAfter,
      issuer: issuer.fingerprint,
      policy,
      requested: { subjectAltName: request.extensions.find(({ oid }) => oid === OID.subjectAltName)?.value ?? null, ca: asked.ca },
      urls,
      adjustments: [
        ...(remaining < lifetime ? [`lifetime ${durationText(lifetime)} cut to ${durationText(remaining)} by the end of the CA`] : []),
        ...lost.map((usage) => `usage "${usage}" dropped, ${asked.ca ? 'the key cannot have it' : 'the key, or a certificate that is no CA\'s, cannot have it'}`),
        ...asked.dropped.map((what) => `${what.length > MAX_DROPPED_TEXT ? `${what.slice(0, MAX_DROPPED_TEXT)}…` : what} dropped`),
      ],
    },
  };
}

/** Whether the path of the CA has room for one CA more (RFC 5280 §4.2.1.9): what is issued beyond it no verifier accepts. */
export function mayIssueCa(chain: readonly PlannedUnder[]): boolean {
  return chain.every(({ basicConstraints }, below) => basicConstraints?.pathLength == null || basicConstraints.pathLength > below);
}

/** RFC 8813 §3, RFC 9295 §3: such a key encrypts nothing. RFC 5280 §4.2.1.9: keyCertSign is for CAs; a leaf that signs CRLs would speak for its CA. */
function possible(bit: number, { type }: Pick<KeyAlgorithm, 'type'>, ca: boolean): boolean {
  if (bit === CERT_SIGN || bit === CRL_SIGN) return ca;
  return type === 'RSA' ? bit !== KEY_AGREEMENT : type === 'Ed25519' ? bit < KEY_ENCIPHERMENT : bit !== KEY_ENCIPHERMENT && bit !== DATA_ENCIPHERMENT;
}

const [KEY_ENCIPHERMENT, DATA_ENCIPHERMENT, KEY_AGREEMENT] = [2, 3, 4];
