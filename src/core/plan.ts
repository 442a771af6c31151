import type { IssuerUrls } from './discovered-issuer.ts';
import type { GeneralName } from './general-name.ts';
import type { PublicKey } from './public-key.ts';

/**
 * The whole intended certificate, complete before a key is touched. An authority signs a Plan and nothing else,
 * and what comes back is compared with it.
 */
export type Plan = {
  readonly signer: string;
  /** 16-20 octets, positive, not zero (RFC 5280 §4.1.2.2). */
  readonly serial: Uint8Array;
  readonly publicKey: PublicKey;
  /** DER of the subject Name; `30 00` for workloads. */
  readonly subject: Uint8Array;
  readonly names: readonly GeneralName[];
  /** KeyUsage bit numbers, ascending. */
  readonly keyUsage: readonly number[];
  /** EKU OIDs, sorted. */
  readonly extendedKeyUsage: readonly string[];
  /** Whole seconds. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the DER of the CA certificate that is to sign, hex in lower case: the pair may change while the plan waits. */
  readonly issuer: string;
  /** Which alternative of the policy allowed it. */
  readonly policy: string;
  /** What was changed against the request, for the requester to read: `lifetime 87600h clamped to 24h`. */
  readonly adjustments: readonly string[];
  /** What a workload's certificate does not have and this one does, as its request says; absent: it is a workload's. */
  readonly requested?: Requested;
  /** Absent: none. */
  readonly urls?: IssuerUrls;
};

export type Requested = {
  /** DER of GeneralNames, as the request has them; null: no subjectAltName. */
  readonly subjectAltName: Uint8Array | null;
  /** It is the certificate of a CA. */
  readonly ca: boolean;
};
