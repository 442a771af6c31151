import { rivalOf, type Claim } from '../adapters/authorities/conflict.ts';
import { authorityOf } from '../adapters/issuers/authority-of.ts';
import type { Connection } from '../adapters/kubernetes/connection.ts';
import { listAll } from '../adapters/kubernetes/list.ts';
import { servedVersion } from '../adapters/kubernetes/served-version.ts';
import type { KubernetesObject } from '../adapters/kubernetes/wire.ts';
import { portError } from '../adapters/kubernetes/api-failure.ts';
import type { Config } from '../config.ts';
import type { CertManagerConfig } from '../config/values.ts';
import type { DiscoveredAuthority } from '../control/ports.ts';
import type { DiscoveredIssuer, IssuerReference } from '../core/discovered-issuer.ts';
import { readIssuer } from '../core/issuer-object.ts';
import type { CaView } from './cas.ts';
import { permitted } from './permitted.ts';

const GROUP = 'cert-manager.io';
const AT_ONCE = 8;

/** An issuer of cert-manager as it is now, with its CA looked at once; null for an issuer that has none in a Secret. */
export type IssuerView = { readonly issuer: DiscoveredIssuer; readonly authority: DiscoveredAuthority | null };

export type ReadIssuersOptions = {
  readonly connection: Connection;
  readonly config: Config;
  /** The CAs of the configuration's signers, which issuers must not have. */
  readonly cas: readonly CaView[];
  readonly now: Date;
  readonly signal: AbortSignal;
  /** Of this one alone. */
  readonly only?: IssuerReference;
};

/**
 * The issuers that `run` finds, as `discover.certManager` says; none without it, or without cert-manager. It takes list on the issuers and get on their
 * Secrets; null: this user may not list them. Throws as ports do.
 */
export async function readIssuers(options: ReadIssuersOptions): Promise<IssuerView[] | null> {
  const { config, only } = options;
  const { certManager } = config.discover;
  if (certManager === null) return [];
  const kinds = only !== undefined ? [only.kind] : (['ClusterIssuer', ...(certManager.namespaces.length > 0 ? ['Issuer' as const] : [])] as const);
  const lists = await Promise.all(kinds.map(async (kind) => listed(kind, certManager, options)));
  const issuers: DiscoveredIssuer[] = [];
  for (const list of lists) {
    if (list === null) return null;
    issuers.push(...list);
  }
  const views = issuers.map((issuer) => ({ issuer, authority: authorityFor(issuer, certManager, options) }));
  const queue = views.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const { authority } of queue) await authority?.refresh(0, options.signal);
  }));
  return views;
}

async function listed(kind: IssuerReference['kind'], { namespaces }: CertManagerConfig, { connection, signal, only }: ReadIssuersOptions): Promise<DiscoveredIssuer[] | null> {
  const plural = kind === 'Issuer' ? 'issuers' : 'clusterissuers';
  const version = await servedVersion(connection, { group: GROUP, plural }, signal).catch((error: unknown) => {
    throw portError(error);
  });
  if (version === null) return [];
  const found: DiscoveredIssuer[] = [];
  const onItem = (object: KubernetesObject): void => {
    const { name, namespace = '' } = object.metadata;
    const reference: IssuerReference = kind === 'Issuer' ? { kind, namespace, name } : { kind, name };
    if (reference.kind === 'ClusterIssuer' || namespaces.includes(namespace)) found.push(readIssuer(reference, object));
  };
  // Signet's own account may list issuers, and not get one.
  const fields = only === undefined ? [] : [`metadata.name=${only.name}`, ...(only.kind === 'Issuer' ? [`metadata.namespace=${only.namespace}`] : [])];
  const query: Record<string, string> = fields.length === 0 ? {} : { fieldSelector: fields.join(',') };
  return (await permitted(listAll({ transport: connection.transport, path: `/apis/${GROUP}/${version}/${plural}`, query, signal, onItem }))) === null ? null : found;
}

function authorityFor(issuer: DiscoveredIssuer, { clusterResourceNamespace }: CertManagerConfig, { connection, config, cas, now }: ReadIssuersOptions): DiscoveredAuthority | null {
  const claims = new Map<string, Claim>(cas.map(({ signer, pair }) => [signer, { claimed: pair, offered: null, tried: true, sharedTrust: config.signers.some(({ name, sharedTrust }) => name === signer && sharedTrust) }]));
  return authorityOf(issuer, {
    connection,
    clusterResourceNamespace,
    owner: (namespace, secret) => config.signers.find(({ ca }) => ca.secret.namespace === namespace && ca.secret.name === secret)?.name ?? null,
    rival: (pair) => rivalOf(pair, claims),
    now: () => now,
    // A command looks at each once.
    monotonic: () => 1,
  });
}
