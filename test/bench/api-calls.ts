import type { Api } from '../support/rig/api.ts';

/** Calls that the API server has answered so far, by `VERB group/resource/subresource`. */
export type ApiCalls = ReadonlyMap<string, number>;

export type CallCount = { readonly writes: number; readonly reads: number };

/** Reads the API server's own count of the calls it answered, from its metrics. A watch is counted when it ends. */
export async function apiCalls(api: Api): Promise<ApiCalls> {
  const text = await api.get<string>('/metrics');
  const calls = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const label = (name: string): string => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    const key = `${label('verb')} ${[label('group'), label('resource'), label('subresource')].filter(Boolean).join('/')}`;
    calls.set(key, (calls.get(key) ?? 0) + Number(line.slice(line.lastIndexOf(' '))));
  }
  return calls;
}

/** What was called between two counts by anybody but the bench (`own` requests created and approved) and the API server itself. */
export function callsBetween(before: ApiCalls, after: ApiCalls, own: { creates: number; approvals: number }): CallCount {
  const mine = new Map([[`POST ${CSRS}`, own.creates], [`PUT ${CSRS}/approval`, own.approvals]]);
  const count = { writes: 0, reads: 0 };
  for (const [key, total] of after) {
    const [verb = '', resource = ''] = key.split(' ');
    const calls = total - (before.get(key) ?? 0) - (mine.get(key) ?? 0);
    if (!resource.startsWith(CSRS) && !OTHERS.some((other) => resource.startsWith(other))) continue;
    if (WRITES.has(verb)) count.writes += calls;
    else if (READS.has(verb)) count.reads += calls;
  }
  return count;
}

const CSRS = 'certificates.k8s.io/certificatesigningrequests';
/** What a signer may call beside it; the API server's own leases and the like are not among them. */
const OTHERS = ['events', 'events.k8s.io/', 'secrets', 'configmaps', 'authorization.k8s.io/', 'cert-manager.io/', 'authentication.k8s.io/'];
const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'DELETECOLLECTION', 'APPLY']);
const READS = new Set(['GET', 'LIST']);
