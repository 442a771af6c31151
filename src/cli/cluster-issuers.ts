import { ApiFailure, portError } from '../adapters/kubernetes/api-failure.ts';
import type { Connection } from '../adapters/kubernetes/connection.ts';

const PATH = '/apis/cert-manager.io/v1/clusterissuers';

/**
 * cert-manager's ClusterIssuers by the Secret whose CA they sign with, which cert-manager reads from its own namespace. Such an issuer is another door to the
 * CA: cert-manager approves its own CertificateRequests. null: this user may not look (403). Without cert-manager there are none.
 */
export async function clusterIssuersBySecret({ transport }: Connection, signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]> | null> {
  type ClusterIssuer = { metadata: { name: string }; spec?: { ca?: { secretName?: string } } };
  try {
    const { items = [] } = JSON.parse(await transport.call({ method: 'GET', path: PATH, signal })) as { items?: ClusterIssuer[] };
    const found = new Map<string, string[]>();
    for (const { metadata, spec } of items) {
      const secret = spec?.ca?.secretName;
      if (secret !== undefined) found.set(secret, [...(found.get(secret) ?? []), metadata.name]);
    }
    return found;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return new Map();
    if (error instanceof ApiFailure && error.status === 403) return null;
    throw portError(error);
  }
}
