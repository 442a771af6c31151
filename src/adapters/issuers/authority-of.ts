import type { DiscoveredAuthority } from '../../control/ports.ts';
import type { DiscoveredIssuer } from '../../core/discovered-issuer.ts';
import type { Rival } from '../authorities/conflict.ts';
import { IssuerAuthority } from '../authorities/issuer.ts';
import type { CaPair } from '../authorities/pair.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { readFiles } from './read-files.ts';
import { refusedAuthority } from './refused-authority.ts';

export type AuthorityOfOptions = {
  readonly connection: Connection;
  /** Where the Secrets of ClusterIssuers are. */
  readonly clusterResourceNamespace: string;
  /** The signer of the configuration that this Secret belongs to; null: none. */
  readonly owner: (namespace: string, name: string) => string | null;
  /** The same, of a pair. */
  readonly rival: (pair: CaPair) => Rival | null;
  readonly now: () => Date;
  readonly monotonic: () => number;
};

/** The CA of an issuer, not read yet; null for one that has none in a Secret. */
export function authorityOf({ reference, type, secretName }: DiscoveredIssuer, { connection, clusterResourceNamespace, owner: ownerOf, rival, now, monotonic }: AuthorityOfOptions): DiscoveredAuthority | null {
  if (type !== 'ca') return null;
  const namespace = reference.kind === 'Issuer' ? reference.namespace : clusterResourceNamespace;
  const owner = ownerOf(namespace, secretName);
  if (owner !== null) return refusedAuthority({ signer: owner, why: `its Secret ${namespace}/${secretName} is that of signer "${owner}", which is in the configuration: certificates of that tenant are signed in no other way` });
  return new IssuerAuthority({ sourceName: `secret ${namespace}/${secretName}`, read: (signal) => readFiles(connection, { namespace, name: secretName }, signal), rival, now, monotonic });
}
