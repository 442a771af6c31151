import type { Observed, RequestState } from '../../core/observed.ts';
import type { Gone, ObjectHandlers } from './known-objects.ts';
import { observe, requestState } from './observe.ts';
import type { WireRequest } from './wire.ts';

/**
 * How a signerName is served: `decide` (approved or denied, then signed), `external` (signed once somebody else has
 * approved), `ours` (not served, but under a domain of a signer that is), `other` (none of our business).
 */
export type Service = 'decide' | 'external' | 'ours' | 'other';

export type Pending = {
  readonly observed: Observed;
  /** When the event that brought it into its present state was parsed: milliseconds of the monotonic clock. */
  readonly receivedAt: number;
  /** What a write has to repeat; null where that is so much that it is read again instead. */
  readonly repeated: Repeated | null;
};

/** All of an object but its spec and managedFields, which the API server keeps by itself. */
export type Repeated = Pick<WireRequest, 'metadata' | 'status'>;

/** Whoever may create a request may give it 256 KiB of annotations, which must not fill the memory in which all tenants' requests wait. */
const MAX_REPEATED = 8 * 1024;

export type Change = { readonly name: string; readonly uid: string; readonly signerName: string; readonly state: RequestState | 'gone'; readonly receivedAt: number };

export type PendingRequestsOptions = {
  /** Asked at each event. */
  readonly serves: (signerName: string) => Service;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic?: () => number;
  /** A request that is kept, or was until now, has changed. */
  readonly onChanged: (change: Change) => void;
  /** An unfinished request for a signer that is not served although its domain is ours. It is not kept; told at each sight of it. */
  readonly onUnserved?: (request: Observed) => void;
  /** A request that waits for somebody else's approval, which is not kept; told at each sight of it. */
  readonly onUnapproved?: (request: Unapproved) => void;
  /** A request that was kept, or counted, has a certificate that Signet did not write. */
  readonly onForeign?: (signerName: string, name: string, writer: string) => void;
  /** Of the gauge of pending requests: kept ones, and those that wait for somebody else's approval. */
  readonly onPending?: (signerName: string, change: 1 | -1) => void;
  readonly onUnreadable?: (name: string, problem: string) => void;
  readonly onSynced?: () => void;
};

/** As much as an Event about it takes. */
export type Unapproved = Pick<Observed, 'name' | 'uid' | 'signerName'> & { readonly requester: { readonly username: string } };

export type PendingRequests = {
  readonly handlers: ObjectHandlers<WireRequest>;
  get(name: string): Pending | undefined;
  /** The names of those that are kept of one signer. */
  of(signerName: string): string[];
  /** It is finished by our own write: its event need not be waited for. A newer object of that name is left alone. */
  finish(name: string, uid: string): void;
};

/**
 * The requests that are ours and still to do, nothing else: finished ones go at the event that finishes them, and of
 * those that wait for somebody else's approval only the name stays, for the count.
 */
export function pendingRequests({ serves, monotonic = () => performance.now(), onChanged, onUnserved, onUnapproved, onForeign, onPending, onUnreadable, onSynced }: PendingRequestsOptions): PendingRequests {
  const kept = new Map<string, Pending>();
  const counted = new Map<string, string>();

  function count(name: string, signerName: string | null): void {
    const before = counted.get(name);
    if (before === (signerName ?? undefined)) return;
    counted.delete(name);
    if (before !== undefined) onPending?.(before, -1);
    if (signerName === null) return;
    counted.set(name, signerName);
    onPending?.(signerName, 1);
  }

  function drop(name: string, state: 'final' | 'gone', receivedAt: number): void {
    const { observed } = kept.get(name) ?? {};
    kept.delete(name);
    count(name, null);
    if (observed !== undefined) onChanged({ name, uid: observed.uid, signerName: observed.signerName, state, receivedAt });
  }

  function keep(observed: Observed, raw: WireRequest, receivedAt: number): void {
    const before = kept.get(observed.name);
    if (before?.observed.resourceVersion === observed.resourceVersion && before.observed.uid === observed.uid) return;
    const since = before?.observed.uid === observed.uid && before.observed.state === observed.state ? before.receivedAt : receivedAt;
    kept.set(observed.name, { observed, repeated: small(repeatedOf(raw)), receivedAt: since });
    count(observed.name, observed.signerName);
    onChanged({ name: observed.name, uid: observed.uid, signerName: observed.signerName, state: observed.state, receivedAt: since });
  }

  /** What Signet writes itself it has forgotten by then, and has its annotation. */
  function tellForeign({ metadata, spec, status }: WireRequest): void {
    if ((status?.certificate ?? '') === '' || metadata.annotations?.['signet.dev/serial'] !== undefined) return;
    onForeign?.(spec.signerName, metadata.name, certificateWriter(metadata.managedFields));
  }

  /** Returns whether the end of this object matters. */
  function onObject(raw: WireRequest): boolean {
    const receivedAt = monotonic();
    const { name } = raw.metadata;
    const service = serves(raw.spec?.signerName ?? '');
    const state = requestState(raw);
    if (service === 'other' || state === 'final') {
      if (counted.has(name)) tellForeign(raw);
      drop(name, 'final', receivedAt);
      return false;
    }
    if (service === 'external' && state === 'pending') {
      kept.delete(name);
      count(name, raw.spec.signerName);
      onUnapproved?.({ name, uid: raw.metadata.uid, signerName: raw.spec.signerName, requester: { username: raw.spec.username ?? '' } });
      return true;
    }
    const observed = observe(raw);
    if (typeof observed === 'string') {
      drop(name, 'final', receivedAt);
      onUnreadable?.(name, observed);
      return false;
    }
    if (service === 'ours') {
      drop(name, 'final', receivedAt);
      onUnserved?.(observed);
      return false;
    }
    keep(observed, raw, receivedAt);
    return true;
  }

  return {
    handlers: { onObject, onGone: ({ name }: Gone) => drop(name, 'gone', monotonic()), ...(onSynced === undefined ? {} : { onSynced }) },
    get: (name) => kept.get(name),
    of: (signerName) => [...kept].flatMap(([name, { observed }]) => (observed.signerName === signerName ? [name] : [])),
    finish(name, uid) {
      if (kept.get(name)?.observed.uid !== uid) return;
      kept.delete(name);
      count(name, null);
    },
  };
}

/** What a write has to repeat of this version of an object. */
export function repeatedOf({ metadata: { managedFields: _, ...metadata }, status }: WireRequest): Repeated {
  return { metadata, ...(status === undefined ? {} : { status }) };
}

function small(repeated: Repeated): Repeated | null {
  return JSON.stringify(repeated).length > MAX_REPEATED ? null : repeated;
}

/** The field manager that wrote the certificate, by default the first word of a program's user agent; '' where it is not known. */
function certificateWriter(managedFields: unknown): string {
  if (!Array.isArray(managedFields)) return '';
  const entries = managedFields as readonly { readonly manager?: unknown; readonly fieldsV1?: unknown }[];
  const found = entries.find(({ fieldsV1 }) => JSON.stringify(fieldsV1 ?? null).includes('"f:certificate"'))?.manager;
  return typeof found === 'string' ? found : '';
}
