import { madeRequest, newPair } from '../made-request.ts';

/** A workload's key and the request that Istio's agent would make for it. */
export type WorkloadRequest = { readonly key: string; readonly request: string };

/** What Istio's agent sends to istiod: a P-256 key, a subject of `O=` with no value, one critical URI. Returns PEM. */
export function workloadRequest(spiffeId: string): WorkloadRequest {
  const pair = newPair('P-256');
  return { key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), request: madeRequest({ pair, names: [{ type: 'uri', value: spiffeId }], commonName: null }) };
}
