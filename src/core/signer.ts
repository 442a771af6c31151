import type { AddressBlock } from './ip-address.ts';
import type { LabelSelector } from './label-selector.ts';
import type { Usage } from './usage.ts';

/** A signer as its operator configured it: who may have what from it. Where its CA lives is not core's business. */
export type Signer = {
  /** The full signerName, `domain/path`. */
  readonly name: string;
  /** `decide`: Signet approves and denies. `external`: somebody else does, Signet only signs what was approved. */
  readonly approval: 'decide' | 'external';
  /** A request must fit one of these whole. Empty: nothing is allowed. */
  readonly allow: readonly Alternative[];
  readonly lifetime: Lifetime;
  /** Append the root to status.certificate; off by default, as istiod adds it by itself for signers it is told of. */
  readonly includeRoot: boolean;
};

/** In seconds. `default` applies to a request without a duration, `max` clamps a longer one; default <= max. */
export type Lifetime = { readonly default: number; readonly max: number };

/**
 * One way in which a request can be allowed. A list names what is allowed of its kind; `null` for requesters and
 * namespaces means any (subject to vouching); an empty list of names of a kind means none of that kind.
 */
export type Alternative = {
  /** How this alternative is named in decisions and annotations: `allow[0]`. */
  readonly id: string;
  /** Users who must have made the request; null: anyone. */
  readonly requesters: readonly string[] | null;
  /** Namespaces of workloads, by pattern, label selector or `unclaimed`; null: this alternative allows no workload by namespace. */
  readonly namespaces: readonly NamespaceRule[] | null;
  /** `namespace/name` patterns of service accounts; null: any of the allowed namespaces. */
  readonly serviceAccounts: readonly string[] | null;
  readonly trustDomains: readonly string[];
  /** DNS name patterns; `*` stands for exactly one label. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly AddressBlock[];
  /** URI patterns; `*` never crosses a `/`. */
  readonly uris: readonly string[];
  readonly keys: readonly KeyRule[];
  readonly usages: readonly Usage[];
};

/** A namespace pattern, a selector of their labels, or every namespace that no other signer claims by either. */
export type NamespaceRule = { readonly pattern: string } | { readonly selector: LabelSelector } | 'unclaimed';

/** Keys an alternative accepts. RSA by size in bits, both ends included. */
export type KeyRule =
  | { readonly type: 'RSA'; readonly minBits: number; readonly maxBits: number }
  | { readonly type: 'ECDSA'; readonly curve: 'P-256' | 'P-384' | 'P-521' }
  | { readonly type: 'Ed25519' };

/** A user whose word counts. */
export type Requester = {
  readonly user: string;
  /** Approves its own requests: nobody else writes to them before it has. */
  readonly approves: boolean;
  /** Its SANs are believed within these bounds; null: it speaks for itself only. */
  readonly vouches: Vouching | null;
};

export type Vouching = {
  readonly trustDomains: readonly string[];
  readonly namespaces: readonly string[];
  /** Signer names, or every signer. */
  readonly signers: readonly string[] | 'all';
};

/** Everything policy is decided by. */
export type Policy = {
  readonly trustDomain: string;
  readonly requesters: readonly Requester[];
  readonly signers: readonly Signer[];
};
