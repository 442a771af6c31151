import { connect } from '../../adapters/kubernetes/connection.ts';
import type { Log } from '../../control/ports.ts';
import { distinguishedNameText } from '../../core/distinguished-name.ts';
import { decodeCertificates } from '../../core/pem.ts';
import { parseCertificate } from '../../core/certificate.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { parse } from 'yaml';
import { accepted, handshake, type Party } from './handshake.ts';
import { askForCertificate } from './istiod.ts';
import { isAsPromised, type HandshakeRow, type RequestRow } from './report.ts';
import { ISTIOD, type Tenant } from './tenants.ts';

export type Scenario = {
  readonly sandbox: Sandbox;
  readonly tenants: readonly Tenant[];
  readonly log: Log;
};

type Plot = { readonly user: string; readonly from: string; readonly namespace: string; readonly account: string; readonly tenant: Tenant; readonly expected: 'issued' | 'refused' };

/** The requests of the demo: each tenant's workloads through istiod, one service account by itself, and two thefts. */
function plots(tenants: readonly Tenant[]): Plot[] {
  const [victim, thief] = tenants as [Tenant, Tenant];
  const own = tenants.flatMap((tenant) => ['httpbin', 'curl'].map((account): Plot => ({ user: ISTIOD, from: 'istiod', namespace: tenant.name, account, tenant, expected: 'issued' })));
  const itself = { user: `system:serviceaccount:${thief.name}:curl`, from: `${thief.name}/curl itself`, namespace: thief.name, account: 'curl' };
  return [
    ...own,
    { ...itself, tenant: thief, expected: 'issued' },
    { user: ISTIOD, from: 'istiod', namespace: thief.name, account: 'curl', tenant: victim, expected: 'refused' },
    { ...itself, tenant: victim, expected: 'refused' },
  ];
}

/** Plays all requests, one after the other; what was issued through istiod is kept for the handshakes. */
export async function playRequests({ sandbox, tenants, log }: Scenario): Promise<{ rows: RequestRow[]; parties: Map<string, Party> }> {
  const rows: RequestRow[] = [];
  const parties = new Map<string, Party>();
  const roots = publishedRoots(meshText(sandbox));
  for (const { user, from, namespace, account, tenant, expected } of plots(tenants)) {
    const connection = await connect({ kubeconfigText: sandbox.kubeconfig({ user }), env: {}, userAgent: 'signet-demo', log });
    try {
      const started = performance.now();
      const identity = `spiffe://cluster.local/ns/${namespace}/sa/${account}`;
      const answer = await askForCertificate({ connection, spiffeId: identity, signer: tenant.signer, approve: user === ISTIOD, log });
      rows.push({ from, identity: `${namespace}/${account}`, signer: tenant.name, expected, answer, issuer: answer.issued ? issuerOf(answer.certificate) : null, milliseconds: Math.round(performance.now() - started) });
      if (answer.issued && tenant.name === namespace) parties.set(`${namespace}/${account}`, { key: answer.key, certificate: answer.certificate, roots: roots.get(tenant.signer) ?? '' });
    } finally {
      await connection.close();
    }
  }
  return { rows, parties };
}

/** Every tenant's curl calls every tenant's httpbin, with the very bytes of status.certificate and the published roots. */
export async function playHandshakes(tenants: readonly Tenant[], parties: ReadonlyMap<string, Party>): Promise<HandshakeRow[]> {
  const rows: HandshakeRow[] = [];
  for (const from of tenants) {
    for (const to of tenants) {
      const [client, server] = [parties.get(`${from.name}/curl`), parties.get(`${to.name}/httpbin`)];
      if (client === undefined || server === undefined) continue;
      rows.push({ client: `${from.name}/curl`, server: `${to.name}/httpbin`, expected: from === to, result: await handshake(client, server) });
    }
  }
  return rows;
}

/** Whether every request and every handshake came out as promised, and none is missing. */
export function kept(rows: readonly RequestRow[], handshakes: readonly HandshakeRow[], tenants: readonly Tenant[]): boolean {
  return rows.every(isAsPromised) && handshakes.length === tenants.length ** 2 && handshakes.every(({ expected, result }) => accepted(result) === expected);
}

/** The text that istiod would read as SHARED_MESH_CONFIG; empty before it is published. */
export function meshText({ store }: Sandbox): string {
  const map = store.get('configmaps', 'istio-system/signet-mesh') as { data?: { mesh?: string } } | undefined;
  return map?.data?.mesh ?? '';
}

export function publishedRoots(mesh: string): Map<string, string> {
  const { caCertificates = [] } = (parse(mesh) ?? {}) as { caCertificates?: { pem: string; certSigners: string[] }[] };
  return new Map(caCertificates.flatMap(({ pem, certSigners }) => certSigners.map((signer) => [signer, pem] as const)));
}

function issuerOf(chain: string): string {
  const decoded = decodeCertificates(chain);
  const leaf = decoded.ok ? decoded.ders[0] : undefined;
  const parsed = leaf === undefined ? undefined : parseCertificate(leaf);
  return parsed?.ok === true ? distinguishedNameText(parsed.certificate.issuer) : 'unreadable';
}
