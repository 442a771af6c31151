import type { Certificate } from '../core/certificate.ts';
import type { DiscoveredIssuer, IssuerReference } from '../core/discovered-issuer.ts';
import type { Observed, RequesterIdentity } from '../core/observed.ts';
import type { Plan } from '../core/plan.ts';
import type { CaReason, Reason } from '../core/reason.ts';
import type { RecordEntry } from '../core/record-entry.ts';

/** What the loops need of the world. Each port has a few methods and says how it fails. */

/** The requests that are ours and still to do, and the three guarded writes. */
export interface Requests {
  /** The watch's own copy; undefined when it is gone, final, or never was ours. No network. */
  get(name: string): Observed | undefined;
  /** When the event that brought the present version was parsed, in milliseconds of the monotonic clock; undefined when it is gone. */
  receivedAt(name: string): number | undefined;
  /**
   * Each write is guarded by the resourceVersion that was decided on and carries the annotations with it.
   * `conflict`: somebody wrote first, a newer event follows. `gone`: deleted, or written for good by somebody else.
   * Both are ordinary. Throws Unavailable (network, 429, 5xx, 401) and Refusal (403, 422: the write can never succeed).
   */
  approve(observed: Observed, decision: Decision, signal: AbortSignal): Promise<WriteResult>;
  refuse(observed: Observed, as: 'Denied' | 'Failed', decision: Decision, signal: AbortSignal): Promise<WriteResult>;
  /** `certificate` is the PEM text for status.certificate. */
  deliver(observed: Observed, certificate: string, annotations: Record<string, string>, signal: AbortSignal): Promise<WriteResult>;
}

export type WriteResult = 'written' | 'conflict' | 'gone';

export type Decision = { readonly reason: Reason; readonly message: string; readonly annotations: Record<string, string> };

/** One CA. */
export interface Authority {
  /** Its key is in this process, and was found to be that of its certificate. */
  readonly signsHere?: boolean;
  /** Now, from memory. */
  state(): AuthorityState;
  /**
   * Signs the plan: leaf first, then every CA certificate up to and including the root where it is known.
   * Throws Unavailable when the CA cannot sign now or is no longer the one the plan names, Refusal when it never will.
   */
  issue(plan: Plan, signal: AbortSignal): Promise<readonly Certificate[]>;
}

/** The CA of an issuer that somebody else looks after. */
export interface DiscoveredAuthority extends Authority {
  /** The signer of the configuration whose CA it is, so that it does not sign; null: none. */
  readonly rival: string | null;
  /** When its source was looked at last, in milliseconds of the monotonic clock. */
  readonly lookedAt: number;
  /** Makes sure that this was at most so many milliseconds ago. What it finds is its state: trouble does not reject. */
  refresh(maxAge: number, signal: AbortSignal): Promise<void>;
}

/** Issuers that are served without an entry in the configuration. */
export interface Discovered {
  /** Who is meant by a signerName that is for them; null: it is not. */
  find(signerName: string): Found | null;
  /** Whether a requester may use an issuer of a namespace. Throws Unavailable. */
  mayReference(requester: RequesterIdentity, issuer: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<boolean>;
}

export type Found = {
  /** Whether all issuers have been seen once: before that, one that is not there may be. */
  readonly known: boolean;
  readonly reference: IssuerReference;
  readonly issuer: DiscoveredIssuer | null;
  /** null for an issuer without a CA in a Secret. */
  readonly authority: DiscoveredAuthority | null;
};

/** A CA whose key pair can change while it serves. */
export interface AdoptingAuthority extends Authority {
  /** Whether everything it needs to know has been looked for once: before that a missing CA is ignorance, not a state. */
  readonly tried: boolean;
  /** Brings the pair in use up to date; resolves with news for the operator, or null. Throws Unavailable. */
  reconcile(signal: AbortSignal): Promise<string | null>;
}

export type AuthorityState =
  | { readonly ready: true; readonly authority: CertificateAuthority; /** A pair that waits for a rotation, in words; null: none. */ readonly held: string | null }
  | { readonly ready: false; readonly reason: CaReason; readonly message: string; /** For operators, in place of the message: it may name other signers, which requesters must not be told of. */ readonly detail?: string };

/** The CA's public side, one immutable value: replaced whole. */
export type CertificateAuthority = {
  /** The issuing CA's certificate first, then up to the anchor, inclusive. */
  readonly chain: readonly Certificate[];
  /** What verifiers of this signer's certificates trust: the last of the chain, or the issuing CA with `anchor: issuer`. */
  readonly anchor: Certificate;
};

/** Events for people; never fails, drops under pressure and counts what it drops. */
export interface Events {
  emit(about: { readonly name: string; readonly uid: string; readonly signerName: string; readonly requester: { readonly username: string } }, event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }): void;
}

/** The record of decisions, for whoever asks later who got what, and why. */
export interface Recorder {
  /** What was decided, or became of a certificate. Never waits and never fails. */
  note(entry: RecordEntry): void;
  /** Before a certificate leaves: resolves when that is recorded. Throws Unavailable where nothing may leave without, and it cannot be. */
  intend(entry: RecordEntry): Promise<void>;
}

/** One place where trust bundles are published. */
export interface Publication {
  /** For logs and metrics: `ConfigMap istio-system/signet-mesh`. */
  readonly name: string;
  /** Makes the target hold this; writes nothing when it already does. Throws Unavailable. */
  publish(bundles: ReadonlyMap<string, readonly Certificate[]>, signal: AbortSignal): Promise<'written' | 'unchanged' | 'not seen'>;
}

/** Structured log; `fields` must hold nothing secret. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** What a request waits for: its signer's turn, a limit of the configuration, its CA, the next attempt after trouble with the API server, or somebody's approval. */
export type WaitsFor = 'turn' | 'rate' | 'concurrency' | 'ca' | 'retry' | 'approval';

/** Of one signer: how many requests wait for what, and whether its CA is left alone for a while. */
export type Backlog = { readonly signer: string; readonly paused: boolean; readonly waiting: Readonly<Record<WaitsFor, number>> };

export interface Meter {
  /** A request reached its decision. `signer` is `other` for one that is not served. */
  decided(signer: string, outcome: 'approved' | 'issued' | 'denied' | 'failed' | 'unserved', reason: Reason): void;
  /** Seconds from the Approved event to the API server's answer. */
  issued(signer: string, seconds: number): void;
  pending(signer: string, change: 1 | -1): void;
  authority(signer: string, state: AuthorityState): void;
  bundle(signer: string, sha256: string): void;
  /** Something arrived on the request watch: event, bookmark or list. */
  watched(at: Date): void;
  /** An exception that is neither Refusal nor Unavailable. */
  bug(where: string): void;
}
