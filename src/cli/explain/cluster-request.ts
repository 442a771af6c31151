import { portError } from '../../adapters/kubernetes/api-failure.ts';
import type { Connection } from '../../adapters/kubernetes/connection.ts';
import { listAll } from '../../adapters/kubernetes/list.ts';
import { observe } from '../../adapters/kubernetes/observe.ts';
import { readOne } from '../../adapters/kubernetes/read-one.ts';
import { REQUESTS_PATH } from '../../adapters/kubernetes/requests.ts';
import type { KubernetesObject, WireRequest } from '../../adapters/kubernetes/wire.ts';
import type { Config } from '../../config.ts';
import { Refusal } from '../../control/errors.ts';
import { asksForLabels } from '../../core/explain.ts';
import type { KnownCa } from '../../core/explain-plan.ts';
import type { Labels } from '../../core/label-selector.ts';
import { servedReference } from '../../core/discovered-issuer.ts';
import { readCas } from '../cas.ts';
import { CommandFailure } from '../failure.ts';
import { permitted } from '../permitted.ts';
import { foundIssuer, NOT_FOUND } from './found-issuer.ts';
import type { ReportInput, ToldEvent } from './report.ts';

export type ClusterOptions = { readonly connection: Connection; readonly config: Config; /** Signet's own namespace. */ readonly namespace: string; readonly now: Date; readonly signal: AbortSignal };

/**
 * A request with everything that its decision rests on, read once. What this user may not read is left out, with a note. Throws CommandFailure when
 * there is no such request, else as ports do.
 */
export async function requestFromCluster(name: string, { connection, config, namespace, now, signal }: ClusterOptions): Promise<ReportInput> {
  // What the API server has no object for (path.IsValidPathSegmentName): they would be other paths, and nothing that of all requests.
  if (name === '' || name === '.' || name === '..' || /[/%]/.test(name)) throw new CommandFailure(`"${name}" cannot be the name of a CertificateSigningRequest`, { hints: ['kubectl get csr'] });
  const wire = await readOne<WireRequest>(connection, REQUESTS_PATH, name, signal).catch((error: unknown) => {
    throw portError(error, 'it takes the verb get on certificatesigningrequests');
  });
  if (wire === null) throw new CommandFailure(`there is no CertificateSigningRequest "${name}"`, { hints: ['istiod deletes its requests as soon as they are answered: look into Events and the record', 'kubectl get csr'] });
  const observed = observe(wire);
  if (typeof observed === 'string') throw new CommandFailure(`CertificateSigningRequest "${name}" cannot be understood: ${observed}`);
  const { policy } = config;
  const served = policy.signers.some(({ name: signer }) => signer === observed.signerName);
  const reference = served || config.discover.certManager === null ? null : servedReference(observed.signerName, config.discover.certManager);
  const wantsLabels = asksForLabels(policy);
  const options = { connection, config, namespace, now, signal };
  const [ca, found, labels, events] = await Promise.all([served ? caOf(observed.signerName, options) : NOT_ASKED, reference === null ? NOT_FOUND : foundIssuer(reference, observed, options), wantsLabels ? allLabels(connection, signal) : null, eventsOf(connection, observed.uid, signal)]);
  const notes = [
    ...(ca.note === null ? [] : [ca.note]),
    ...found.notes,
    ...(wantsLabels && labels === null ? ['this user may not list namespaces, so their labels are not known'] : []),
    ...(events === null ? ['this user may not list Events in the namespace default'] : []),
  ];
  return { source: { kind: 'cluster', name }, wire, observed, policy, namespaceLabels: labels, authority: ca.authority ?? found.authority, discovered: found.discovered, events: events ?? [], notes, now };
}

type FoundCa = { readonly authority: KnownCa | null; readonly note: string | null };

const NOT_ASKED: FoundCa = { authority: null, note: null };

async function caOf(signer: string, options: ClusterOptions): Promise<FoundCa> {
  try {
    const view = (await readCas(options)).find((each) => each.signer === signer);
    if (view === undefined) return NOT_ASKED;
    const ready = view.state === 'ready' || view.state === 'held' || view.state === 'new';
    if (ready && view.pair !== null) return { authority: { ready: true, chain: view.pair.chain }, note: view.why === '' ? null : `CA of the signer: ${view.why}` };
    return { authority: { ready: false, reason: view.state === 'expired' ? 'CertificateAuthorityExpired' : 'CertificateAuthorityUnavailable', message: view.why }, note: null };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { authority: null, note: 'this user may not read the Secrets of the CAs: a certificate may end sooner than is said here, with its CA' };
  }
}

async function allLabels(connection: Connection, signal: AbortSignal): Promise<ReadonlyMap<string, Labels> | null> {
  const namespaces = await listed(connection, '/api/v1/namespaces', {}, signal);
  return namespaces === null ? null : new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
}

type WireEvent = KubernetesObject & { readonly reason?: string; readonly message?: string; readonly lastTimestamp?: string | null };

/** The oldest first. */
async function eventsOf(connection: Connection, uid: string, signal: AbortSignal): Promise<ToldEvent[] | null> {
  const events = (await listed(connection, '/api/v1/namespaces/default/events', { fieldSelector: `involvedObject.uid=${uid}` }, signal)) as WireEvent[] | null;
  return events === null ? null : events.map(({ reason = '', message = '', lastTimestamp }) => ({ reason, message, at: lastTimestamp ?? null })).sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1));
}

/** null: forbidden. */
async function listed({ transport }: Connection, path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<KubernetesObject[] | null> {
  const items: KubernetesObject[] = [];
  const version = await permitted(listAll({ transport, path, query, signal, onItem: (item) => items.push(item) }));
  return version === null ? null : items;
}
