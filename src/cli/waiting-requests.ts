import type { Connection } from '../adapters/kubernetes/connection.ts';
import { listAll } from '../adapters/kubernetes/list.ts';
import { requestState } from '../adapters/kubernetes/observe.ts';
import type { KubernetesObject, WireRequest } from '../adapters/kubernetes/wire.ts';
import { permitted } from './permitted.ts';

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const EVENTS = '/api/v1/namespaces/default/events';
/** What Signet says of requests that wait. */
const REASONS = ['CertificateAuthorityUnavailable', 'CertificateAuthorityExpired', 'LimitReached', 'IssuerNotReady', 'SecretMissing', 'SecretInvalidData', 'SecretGetError'];

/** Requests of one signer that have no answer yet. */
export type WaitingRequests = {
  /** Nobody has approved or denied them. */
  readonly approval: number;
  /** They are approved. */
  readonly certificate: number;
  /** Of the oldest of them; RFC 3339. */
  readonly since: string | null;
  /** What Events say that they wait for, the latest first; empty also where nobody may read Events. */
  readonly why: readonly string[];
};

type Request = WireRequest & { readonly metadata: { readonly creationTimestamp?: string } };
type Event = KubernetesObject & { readonly involvedObject?: { readonly uid?: string }; readonly reason?: string; readonly message?: string; readonly lastTimestamp?: string };
type Found = { approval: number; certificate: number; since: string | null; readonly uids: Set<string>; why: string[] };

/** By signer, of these signers; null: this user may not list requests. Throws as ports do. */
export async function waitingRequests({ transport }: Connection, signers: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, WaitingRequests> | null> {
  const found = new Map<string, Found>(signers.map((name) => [name, { approval: 0, certificate: 0, since: null, uids: new Set(), why: [] }]));
  const listed = await permitted(listAll({ transport, path: REQUESTS, signal, onItem: (item) => count(found, item as Request) }));
  if (listed === null) return null;
  if ([...found.values()].some(({ uids }) => uids.size > 0)) {
    const events: Event[] = [];
    await permitted(listAll({ transport, path: EVENTS, query: { fieldSelector: 'involvedObject.kind=CertificateSigningRequest' }, signal, onItem: (item) => void (REASONS.includes((item as Event).reason ?? '') && events.push(item as Event)) }));
    explain(found, events);
  }
  return new Map([...found].map(([name, { approval, certificate, since, why }]) => [name, { approval, certificate, since, why }]));
}

function count(found: ReadonlyMap<string, Found>, request: Request): void {
  const of = found.get(request.spec?.signerName ?? '');
  const state = requestState(request);
  if (of === undefined || state === 'final') return;
  if (state === 'pending') of.approval += 1;
  else of.certificate += 1;
  of.uids.add(request.metadata.uid);
  const created = request.metadata.creationTimestamp ?? null;
  if (created !== null && (of.since === null || created < of.since)) of.since = created;
}

/** The same is said of many, and each minute with another number of seconds: of every kind the latest is enough. */
function explain(found: ReadonlyMap<string, Found>, events: readonly Event[]): void {
  const latest = [...events].sort((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? 1 : -1));
  for (const of of found.values()) {
    const reasons = new Set<string>();
    for (const { involvedObject, reason = '', message = '' } of latest) {
      if (reasons.has(reason) || !of.uids.has(involvedObject?.uid ?? '')) continue;
      reasons.add(reason);
      of.why.push(message);
    }
  }
}
